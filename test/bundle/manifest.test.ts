import { describe, expect, test } from 'vitest'
import { type Manifest, manifestPayload, parseManifest } from '../../lib/bundle/manifest.ts'
import { fromUtf8, utf8 } from '../../lib/encoding/bytes.ts'
import { DEFAULT_LIMITS, MAX_LIMITS } from '../../lib/limits.ts'
import { bundleOf, logs, NOW } from '../trust/fixture.ts'

const { manifest } = bundleOf()
const [entry] = manifest.entries
const malformed = expect.objectContaining({
  situation: 'refused',
  code: 'MANIFEST_MALFORMED',
  message: 'the manifest is malformed',
})
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))

describe('a manifest', () => {
  test('is read back from its payload, which is canonical', () => {
    const payload = manifestPayload(manifest)
    expect(parseManifest(payload)).toEqual(manifest)
    expect(fromUtf8(payload)).toMatch(/^\{"abi":2,"audience":\{"fleet":"default","regions":\["eu-central-1"\]\},/)
  })

  test('may name any fleet, any region, 64 entries and the highest limits', () => {
    const entries = many(64, (index) => ({
      ...entry!,
      name: `k${index}.wasm`,
      role: index ? ('kernel-wasm' as const) : ('main' as const),
    }))
    const wide: Manifest = { ...manifest, audience: { fleet: '*', regions: ['*'] }, limits: MAX_LIMITS, entries }
    expect(parseManifest(manifestPayload(wide))).toEqual(wide)
  })

  test.each<[string, object]>([
    ['with an unknown field', { comment: '' }],
    ['without an engine', { engine: undefined }],
    ['whose version is no number', { lander: '2' }],
    ['without a name', { name: '' }],
    ['with a name that would move a cursor', { name: '\u001b[2J' }],
    ['with a name that reads backwards', { name: 'a\u202etxt.js' }],
    ['with a digest in hexadecimal', { engine: 'ab'.repeat(32) }],
    ['with an ABI that is no whole number', { abi: 1.5 }],
    ['without a main entry', { entries: [{ ...entry, role: 'kernel-wasm' }] }],
    ['with two main entries', { entries: [entry, { ...entry, name: 'b' }] }],
    ['without entries', { entries: [] }],
    ['with one entry name twice', { entries: [entry, { ...entry, role: 'kernel-wasm' }] }],
    ['with 65 entries', { entries: many(65, (index) => ({ ...entry, name: `${index}` })) }],
    ['with an unknown role', { entries: [{ ...entry, role: 'native' }] }],
    ['with a negative length', { entries: [{ ...entry, bytes: -1 }] }],
    ['with an unknown field in an entry', { entries: [{ ...entry, mode: 0o755 }] }],
    ['that inflates to more than 32 MB', { entries: [{ ...entry, bytes: 32 * 1024 * 1024 + 1 }] }],
    [
      'that inflates to more than 32 MB in sum',
      {
        entries: [
          { ...entry, bytes: 2 ** 24 },
          { ...entry, name: 'k.wasm', role: 'kernel-wasm', bytes: 2 ** 24 + 1 },
        ],
      },
    ],
    ['with a binary that is not called one', { entries: [entry, { ...entry, name: 'k.c', role: 'kernel-wasm' }] }],
    ['with source of no language', { entries: [entry, { ...entry, name: 'k.rs', role: 'kernel-source' }] }],
    ['with a kernel that leaves its folder', { entries: [entry, { ...entry, name: '../k.c', role: 'kernel-source' }] }],
    ['with a kernel without a name', { entries: [entry, { ...entry, name: '.wasm', role: 'kernel-wasm' }] }],
    [
      'with one kernel in two languages',
      { entries: [entry, ...['k.c', 'k.as.ts'].map((name) => ({ ...entry, name, role: 'kernel-source' }))] },
    ],
    ['with more than 8 MB stored', { entries: [{ ...entry, stored: 8 * 1024 * 1024 + 1 }] }],
    ['with 65 scopes', { scopes: many(65, () => logs) }],
    ['with every bucket', { scopes: [{ ...logs, bucket: '*', prefix: '' }] }],
    ['with a bucket that leaves its folder', { scopes: [{ ...logs, bucket: '../etc' }] }],
    ['with an unknown action', { scopes: [{ ...logs, actions: ['write'] }] }],
    ['with two actions', { scopes: [{ ...logs, actions: ['read', 'read'] }] }],
    ['with a prefix longer than any key', { scopes: [{ ...logs, prefix: 'é'.repeat(513) }] }],
    ['with a limit above the ceiling', { limits: { ...DEFAULT_LIMITS, memoryPages: 16_385 } }],
    ['with a limit missing', { limits: { ...DEFAULT_LIMITS, hops: undefined } }],
    ['with an unknown limit', { limits: { ...DEFAULT_LIMITS, files: 1 } }],
    ['for no region', { audience: { fleet: 'default', regions: [] } }],
    ['for any region and one more', { audience: { fleet: 'default', regions: ['*', 'eu-central-1'] } }],
    ['for 65 regions', { audience: { fleet: 'default', regions: many(65, (index) => `r-${index}`) } }],
    ['that ends before it begins', { notBefore: NOW + 1, expiresAt: NOW + 1 }],
    ['that says yes in a word', { compiles: 'true' }],
  ])('%s is malformed', (_, changes) => {
    expect(() => parseManifest(utf8(JSON.stringify({ ...manifest, ...changes })))).toThrowError(malformed)
  })

  test('of another version is refused for that, whatever else it says', () => {
    const text = JSON.stringify({ lander: 3, engine: 5 })
    expect(() => parseManifest(utf8(text))).toThrowError(expect.objectContaining({ code: 'VERSION_UNSUPPORTED' }))
  })

  test.each([
    ['a field twice', JSON.stringify(manifest).replace('{', '{"abi":3,')],
    ['a member named __proto__', JSON.stringify(manifest).replace('{', '{"__proto__":{},')],
    ['an unsafe integer', JSON.stringify(manifest).replace(`${manifest.expiresAt}`, '9007199254740993')],
    ['deep nesting', JSON.stringify(manifest).replace('["read"]', `${'['.repeat(50)}${']'.repeat(50)}`)],
    ['more than 16 KB', JSON.stringify(manifest) + ' '.repeat(16 * 1024)],
    ['a second document', `${JSON.stringify(manifest)}{}`],
  ])('with %s is malformed', (_, text) => {
    expect(text).not.toBe(JSON.stringify(manifest))
    expect(() => parseManifest(utf8(text))).toThrowError(malformed)
  })

  test('that would be malformed is not encoded', () => {
    expect(() => manifestPayload({ ...manifest, entries: [] })).toThrowError(malformed)
    expect(() =>
      manifestPayload({ ...manifest, scopes: many(64, () => ({ ...logs, prefix: 'x'.repeat(1000) })) }),
    ).toThrowError(malformed)
  })
})
