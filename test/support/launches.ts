import { utf8 } from '../../lib/encoding/bytes.ts'
import { DEFAULT_LIMITS, type Limits } from '../../lib/limits.ts'
import { createMemoryStore, type MemoryStore } from '../../lib/objects/memory.ts'
import { createLauncher, type Launcher, type LauncherOptions } from '../../lib/places/launcher.ts'
import type { Place } from '../../lib/places/place.ts'
import { engineDigest } from '../../lib/sandbox/contract/assets.ts'
import type { SigningKey } from '../../lib/trust/keys.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import { alice, bundleOf } from '../trust/fixture.ts'
import { createWorld, type World, type WorldOptions } from './fleet-of-hosts.ts'
import type { TestSandbox } from './sandbox.ts'

export interface AgentOptions {
  readonly limits?: Partial<Limits>
  /** The author. @default alice */
  readonly authors?: readonly SigningKey[]
  /** @default true */
  readonly exportState?: boolean
  /** Code at the top level, before the agent. */
  readonly before?: string
  /** Kernels, as binaries: `kit.wasm`. */
  readonly parts?: Readonly<Record<string, Uint8Array>>
}

const IMPORTS =
  'agent, at, bundledKernel, checkpoint, fork, here, hop, join, log, places, progress, receive, send, sleep'

/** The signed bundle of an agent with this body, which may use `input`. */
export function signedAgent(assets: string, body: string, options: AgentOptions = {}): Uint8Array {
  const { limits = {}, authors = [alice], exportState = true, before = '', parts = {} } = options
  const main = `import { ${IMPORTS} } from 'lander/agent'\n${before}\nexport default agent(async (input) => { ${body} })`
  const audience = { fleet: '*', regions: ['*'] }
  const scopes = [{ bucket: 'logs-eu', prefix: '', actions: ['read'] as ['read'] }]
  const changes = { engine: engineDigest(assets), scopes, audience, limits: { ...DEFAULT_LIMITS, ...limits } }
  const bundle = bundleOf({ ...changes, ...(exportState && { exportState }) }, { 'main.js': utf8(main), ...parts })
  return signBundle(bundle, authors)
}

export interface Setting extends AsyncDisposable {
  readonly launcher: Launcher
  readonly world: World
  /** The objects in the client places. */
  readonly data: MemoryStore
}

export interface SettingOptions extends Partial<Omit<LauncherOptions, 'places'>> {
  readonly world?: Partial<WorldOptions>
}

/** A launcher of alice, with client places, and with regions that are reached without a network. */
export async function createSetting(
  sandbox: TestSandbox,
  places: (world: World) => readonly Place[],
  { world: changes = {}, ...options }: SettingOptions = {},
): Promise<Setting> {
  const world = createWorld({ sandbox: sandbox.sandbox(), assets: sandbox.assets, exportState: true, ...changes })
  const data = createMemoryStore({ buckets: { 'logs-eu': {} } })
  const launcher = await createLauncher({
    places: places(world),
    key: alice,
    fleet: world.fleet,
    data,
    now: () => world.clock.now,
    ...options,
  })
  return { launcher, world, data, [Symbol.asyncDispose]: () => launcher[Symbol.asyncDispose]() }
}
