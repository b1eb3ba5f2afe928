import { ensureFunctionAsset } from '../assets/function-asset.ts'
import { ABI_VERSION, type Entry, type Manifest, manifestPayload } from '../bundle/manifest.ts'
import { packAgent } from '../bundle/pack.ts'
import { type KernelForm, kernelEntries, type PackedKernel } from '../bundle/packed-kernel.ts'
import { compress } from '../encoding/brotli.ts'
import { utf8 } from '../encoding/bytes.ts'
import { digestOf } from '../encoding/digest.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import { DEFAULT_LIMITS, type Limits } from '../limits.ts'
import { engineDigest } from '../sandbox/contract/assets.ts'
import type { Scope } from '../scope.ts'
import type { SigningKey } from '../trust/keys.ts'
import { signBundle } from '../trust/sign-bundle.ts'

/** What the author allows the agent to do, and where. */
export interface PackOptions {
  /** What the agent may read. */
  readonly scopes: readonly Scope[]
  /** Ceilings other than the defaults. @default {} */
  readonly limits?: Partial<Limits>
  /** The only fleet that may run it; `'*'` for any that trusts the key. @default '*' */
  readonly fleet?: string
  /** The only regions that may run it; `['*']` for any. @default ['*'] */
  readonly regions?: readonly string[]
  /** Whether its state may leave the regions for the sender's own places. @default false */
  readonly exportState?: boolean
  /**
   * How kernels travel: as binaries, as source that is compiled where it lands, or both, to be held against each other
   * there. @default 'binary'
   */
  readonly kernels?: KernelForm
  /** Whether the agent may compile code while it runs: kernels from text it makes, and JavaScript. @default false */
  readonly compiles?: boolean
  /** How long it may be run. @default 24 hours */
  readonly expiresInMs?: number
  /** @default Date.now() */
  readonly now?: number
}

/** A packed and signed agent, and what its author keeps of it. */
export interface SignedPack {
  /** The signed bundle's file. */
  readonly file: Uint8Array
  readonly manifest: Manifest
  /** SHA-256 of the manifest, base64url: the bundle's identity. */
  readonly digest: string
  readonly keyId: string
  /** The module's source map, as JSON: what `mapStack` needs to say where in the source an error came from. */
  readonly map: string
  /** Its kernels, in both forms, whichever travels. */
  readonly kernels: readonly PackedKernel[]
}

const DAY_MS = 24 * 3_600_000

/**
 * Packs an agent's source and signs it. The same source, options and `now` give the same bytes.
 *
 * @throws UsageError `FILE_NOT_FOUND`, `AGENT_INVALID`
 * @throws KernelError `KERNEL_COMPILE_FAILED`, `KERNEL_PROTOTYPE`, `KERNEL_MALFORMED`, `KERNEL_TIMEOUT`
 * @throws RefusedError `BUNDLE_TOO_LARGE`
 */
export async function packSigned(path: string, key: SigningKey, options: PackOptions): Promise<SignedPack> {
  const { scopes, limits = {}, fleet = '*', regions = ['*'], expiresInMs = DAY_MS, now = Date.now() } = options
  const { exportState = false, kernels = 'binary', compiles = false } = options
  const module = await packAgent({ path })
  const parts = [
    part('main.js', 'main', utf8(module.code)),
    ...module.kernels.flatMap((kernel) => kernelEntries(kernel, kernels)).map((e) => part(e.name, e.role, e.bytes)),
  ]
  const manifest: Manifest = {
    lander: FORMAT_VERSION,
    name: module.name,
    engine: engineDigest(await ensureFunctionAsset()),
    abi: ABI_VERSION,
    entries: parts.map(({ entry }) => entry),
    scopes,
    limits: { ...DEFAULT_LIMITS, ...limits },
    compiles,
    ...(exportState && { exportState }),
    audience: { fleet, regions },
    issuedAt: now,
    notBefore: now,
    expiresAt: now + expiresInMs,
  }
  const stored = new Map(parts.map(({ entry, bytes }) => [entry.name, bytes]))
  const file = signBundle({ manifest, parts: stored }, [key])
  const digest = digestOf(manifestPayload(manifest))
  return { file, manifest, digest, keyId: key.keyId, map: module.map, kernels: module.kernels }
}

/** A part of the bundle: what the manifest says of it, and the bytes to store. */
function part(name: string, role: Entry['role'], bytes: Uint8Array): { entry: Entry; bytes: Uint8Array } {
  const stored = compress(bytes)
  return { entry: { name, role, bytes: bytes.length, stored: stored.length, sha256: digestOf(stored) }, bytes: stored }
}
