import { readFile } from 'node:fs/promises'
import { packSigned } from '../../lib/author/pack-signed.ts'
import type { KernelForm } from '../../lib/bundle/packed-kernel.ts'
import { UsageError } from '../../lib/errors.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import type { Limits } from '../../lib/limits.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import type { Scope } from '../../lib/scope.ts'
import { readKeyFile } from '../../lib/trust/key-files.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { LOCAL } from './fleet-option.ts'
import { readBundle } from './inspect-command.ts'
import { localDir } from './options.ts'

const isBundle = (path: string): boolean => !/\.[cm]?[jt]sx?$/.test(path)

/** Options of the commands that send an agent. */
export interface AgentOptions {
  data?: Scope[]
  key?: string
  fleet: string
  limit?: Partial<Limits>
  expires: number
  kernels?: KernelForm
  compiles?: boolean
}

export interface BundleAtHand {
  readonly file: Uint8Array
  /** The source map of the agent's module, if its file exists. */
  readonly map?: string | undefined
}

/** The file of a bundle's source map: `lander pack` writes it beside the bundle. */
export const mapFileOf = (bundle: string): string => `${bundle}.map`

/** The signed bundle of an agent. A source file is packed and signed first. */
export async function bundleOf(
  agent: string,
  key: SigningKey,
  fleet: Fleet,
  options: AgentOptions,
): Promise<BundleAtHand> {
  if (isBundle(agent)) return { file: await readBundle(agent), map: await readMapOf(agent) }
  if (options.data === undefined) {
    throw new UsageError('USAGE', 'no data is named', {
      remedy: 'say what the agent may read: --data s3://bucket/prefix/',
    })
  }
  const { expires: expiresInMs, data: scopes, limit: limits = {}, kernels = 'binary', compiles = false } = options
  return packSigned(agent, key, { scopes, limits, fleet: fleet.name, expiresInMs, kernels, compiles })
}

/** A bundle may come without its source map. Stack traces then show positions in the packed module. */
const readMapOf = (bundle: string): Promise<string | undefined> =>
  readFile(mapFileOf(bundle), 'utf8').catch(() => undefined)

/** The sender's key. @throws UsageError `USAGE`, `FILE_NOT_FOUND`, `KEY_FILE_INVALID` */
export async function readSender({ key, fleet }: Pick<AgentOptions, 'key' | 'fleet'>): Promise<SigningKey> {
  if (key !== undefined) return readKeyFile(key)
  if (fleet === LOCAL) return readKeyFile(localFleetFiles(localDir()).developerKey)
  throw new UsageError('USAGE', 'no key is named', { remedy: 'sign with --key FILE; lander keygen makes one' })
}
