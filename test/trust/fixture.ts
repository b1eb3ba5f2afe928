import type { Bundle } from '../../lib/bundle/file.ts'
import { ABI_VERSION, type Entry, type Manifest } from '../../lib/bundle/manifest.ts'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { compress } from '../../lib/encoding/brotli.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { digestOf } from '../../lib/encoding/digest.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { DEFAULT_LIMITS } from '../../lib/limits.ts'
import type { Scope } from '../../lib/scope.ts'
import type { EnvelopeJson } from '../../lib/trust/envelope.ts'
import type { KeyGrant, KeyPolicy } from '../../lib/trust/key-policy.ts'
import { createKeyring, type Keyring } from '../../lib/trust/keyring.ts'
import { keyFromSeed, type RandomBytes, type SigningKey } from '../../lib/trust/keys.ts'
import { createOrder, type OrderOptions, signOrder } from '../../lib/trust/order.ts'
import { signBundle } from '../../lib/trust/sign-bundle.ts'
import type { Admission } from '../../lib/trust/verify-bundle.ts'

/** A small fleet with fixed keys, an agent of 1 KB, and an admission that succeeds unless a test spoils it. */

export const NOW = Date.UTC(2026, 5, 1)
export const DAY_MS = 24 * 3600 * 1000
export const ENGINE = digestOf(utf8('the engine'))
export const INPUT = '{"word":"ERROR"}'

const seed = (byte: number) => new Uint8Array(32).fill(byte)
export const root = keyFromSeed(seed(1))
export const alice = keyFromSeed(seed(2))
export const bob = keyFromSeed(seed(3))
export const mallory = keyFromSeed(seed(4))

/** The same bytes every time. */
export const fixedRandom: RandomBytes = (length) => new Uint8Array(length).fill(7)

export const logs: Scope = { bucket: 'logs-eu', prefix: 'logs/2026/', actions: ['read'] }

export const source = `import { agent, at, here, sum } from 'lander/agent'

export default agent(async ({ word }, { regions }) => {
  const counts = await Promise.all(regions.map((region) => at(region, async () => {
    const perDay = new Map()
    for await (const { key, line } of here.lines('logs/2026/')) {
      if (!line.includes(word)) continue
      const [, day = 'unknown'] = /(\\d{4}-\\d{2}-\\d{2})/.exec(key) ?? []
      perDay.set(day, (perDay.get(day) ?? 0) + 1)
    }
    const busiest = [...perDay].sort(([, a], [, b]) => b - a).slice(0, 10)
    return { region, total: sum(perDay.values()), busiest: Object.fromEntries(busiest) }
  })))
  return {
    word,
    searched: 'logs/2026/',
    total: sum(counts.map(({ total }) => total)),
    regions: counts.map(({ region, total, busiest }) => ({ region, total, busiest })),
    silent: counts.filter(({ total }) => total === 0).length,
    quietest: counts.reduce((least, next) => (next.total < least.total ? next : least)).region,
    loudest: counts.reduce((most, next) => (next.total > most.total ? next : most)).region,
  }
})
`

/** A bundle of parts by name, the first of them its main one. */
export function bundleOf(
  changes: Partial<Manifest> = {},
  parts: Record<string, Uint8Array> = { 'main.js': utf8(source) },
) {
  const stored = new Map(Object.entries(parts).map(([name, bytes]) => [name, compress(bytes)]))
  const entries = Object.entries(parts).map(([name, bytes], index) => ({
    name,
    role: roleOf(name, index),
    bytes: bytes.length,
    stored: stored.get(name)!.length,
    sha256: digestOf(stored.get(name)!),
  }))
  const manifest: Manifest = {
    lander: FORMAT_VERSION,
    name: 'count.ts',
    engine: ENGINE,
    abi: ABI_VERSION,
    entries,
    scopes: [logs],
    limits: DEFAULT_LIMITS,
    compiles: false,
    audience: { fleet: 'default', regions: ['eu-central-1'] },
    issuedAt: NOW,
    notBefore: NOW,
    expiresAt: NOW + 30 * DAY_MS,
    ...changes,
  }
  return { manifest, parts: stored } satisfies Bundle
}

function roleOf(name: string, index: number): Entry['role'] {
  if (index === 0) return 'main'
  return name.endsWith('.wasm') ? 'kernel-wasm' : 'kernel-source'
}

export function grantOf(key: SigningKey, name: string, changes: Partial<KeyGrant> = {}): KeyGrant {
  return {
    keyId: key.keyId,
    publicKey: toBase64url(key.publicKey),
    name,
    status: 'active',
    roles: ['author', 'sender'],
    notBefore: NOW - DAY_MS,
    notAfter: NOW + 365 * DAY_MS,
    fleets: ['default'],
    regions: ['eu-central-1', 'us-east-1'],
    scopes: [{ bucket: 'logs-eu', prefix: 'logs/', actions: ['read'] }],
    limits: DEFAULT_LIMITS,
    compiles: false,
    ...changes,
  }
}

export function policyOf(changes: Partial<KeyPolicy> = {}): KeyPolicy {
  return {
    lander: FORMAT_VERSION,
    fleet: 'default',
    version: 3,
    issuedAt: NOW,
    expiresAt: NOW + 90 * DAY_MS,
    keys: [grantOf(alice, 'alice'), grantOf(bob, 'bob')],
    threshold: 1,
    denied: [],
    ...changes,
  }
}

export function keyringOf(changes: Partial<KeyPolicy> = {}): Keyring {
  return createKeyring(policyOf(changes))
}

export function orderFor(manifest: Manifest, changes: Partial<OrderOptions> = {}, sender = bob): EnvelopeJson {
  return signOrder(createOrder({ manifest, input: INPUT, now: NOW, random: fixedRandom, ...changes }), sender)
}

export interface AdmissionOptions {
  readonly bundle?: Bundle
  readonly authors?: readonly SigningKey[]
  readonly sender?: SigningKey
  readonly order?: Partial<OrderOptions>
}

/** An admission in which alice wrote the agent and bob sends it. */
export function admissionOf(options: AdmissionOptions = {}): Admission {
  const { bundle = bundleOf(), authors = [alice], sender = bob, order = {} } = options
  return {
    file: signBundle(bundle, authors),
    order: orderFor(bundle.manifest, order, sender),
    input: INPUT,
    keyring: keyringOf(),
    engine: ENGINE,
    abi: ABI_VERSION,
    fleet: 'default',
    region: 'eu-central-1',
    now: NOW + 1000,
  }
}
