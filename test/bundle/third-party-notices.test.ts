import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import { ensureFunctionAsset, FUNCTION_ASSET } from '../../lib/assets/function-asset.ts'
import { ensureRelayAsset, RELAY_ASSET } from '../../lib/assets/relay-asset.ts'
import { ROOT } from '../../lib/bundle/asset-files.ts'
import { COMPILER_ASSET, ensureCompilerAsset } from '../../lib/bundle/compiler-asset.ts'
import { type LicensedPackage, NOTICES_FILE, noticesText } from '../../lib/bundle/third-party-notices.ts'
import { COMPILER_PACKAGES } from '../../lib/kernels/toolchain.ts'

beforeAll(async () => {
  await Promise.all([ensureFunctionAsset(), ensureRelayAsset(), ensureCompilerAsset()])
})

const noticesIn = (folder: string, name = NOTICES_FILE) => readFile(join(folder, name), 'utf8')

/** The packages that a bundle contains code of, by the comments that esbuild writes above the code of each file. */
async function packagesIn(entries: readonly string[]): Promise<string[]> {
  const { outputFiles } = await build({
    entryPoints: [...entries],
    absWorkingDir: ROOT,
    outdir: 'dist/none',
    write: false,
    bundle: true,
    minify: false,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
  })
  const code = outputFiles.map(({ text }) => text).join('\n')
  const names = [...code.matchAll(/^ *\/\/ node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//gm)].map(([, name]) => name!)
  return [...new Set(names)]
}

/** A package's own licence, trimmed as in the notices. */
async function licenceOf(name: string): Promise<string | undefined> {
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt']) {
    const text = await readFile(join(ROOT, 'node_modules', name, file), 'utf8').catch(() => undefined)
    if (text !== undefined) return text.replace(/^\n+/, '').trimEnd()
  }
  return undefined
}

async function versionOf(name: string): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
}

describe('the notices of an asset', () => {
  const SANDBOX = ['main', 'thread-entry', 'kernels/entry'].map((name) => `lib/sandbox/executor/${name}.ts`)

  test.each([
    ['data-locality', FUNCTION_ASSET, ['functions/data-locality/index.ts', ...SANDBOX], 'quickjs-wasi'],
    ['relay', RELAY_ASSET, ['functions/relay/index.ts'], '@aws-sdk/client-lambda'],
    ['compiler', COMPILER_ASSET, ['functions/compiler/index.ts', 'lib/kernels/compiler-main.ts'], 'valibot'],
  ])('%s name every package in it, with its licence', async (_, folder, entries, one) => {
    const [notices, names] = await Promise.all([noticesIn(folder), packagesIn(entries)])
    expect(names).toContain(one)
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) {
      expect(notices, name).toContain(`\n${name} ${await versionOf(name)} (`)
      expect(notices.includes((await licenceOf(name)) ?? ''), name).toBe(true)
    }
  })

  test('name what is in the engine’s binary', async () => {
    const notices = await noticesIn(FUNCTION_ASSET)
    expect(notices).toContain('Fabrice Bellard')
    expect(notices).toContain('UNICODE LICENSE V3')
    expect(notices).toContain('Rich Felker')
  })

  test('name the compilers, which lie beside the code of the compiler function', async () => {
    const [c, assemblyscript] = await Promise.all([
      noticesIn(COMPILER_ASSET, `c.${NOTICES_FILE}`),
      noticesIn(COMPILER_ASSET, `assemblyscript.${NOTICES_FILE}`),
    ])
    expect(c).toContain(`${COMPILER_PACKAGES.c.name} ${COMPILER_PACKAGES.c.version}`)
    expect(c).toContain('LLVM Exceptions to the Apache 2.0 License')
    for (const name of ['assemblyscript', 'binaryen', 'long'])
      expect(assemblyscript).toContain(`${name} ${await versionOf(name)} (Apache-2.0)`)
    expect(assemblyscript).toContain('The following authors have all licensed their contributions to AssemblyScript')
  })
})

describe('the text of notices', () => {
  const one: LicensedPackage = {
    name: 'one',
    version: '1.0.0',
    license: 'MIT',
    repository: 'https://example.com/mono',
    texts: ['Copyright One'],
  }

  test('has the same licence once, under the names of all that have it', () => {
    const text = noticesText([{ ...one, name: 'two' }, one, { ...one, name: 'three', texts: ['Copyright Three'] }])
    expect(text.match(/Copyright One/g)).toHaveLength(1)
    expect(text).toMatch(/one 1\.0\.0 \(MIT\)\ntwo 1\.0\.0 \(MIT\)\n=+\n\nCopyright One\n/)
    expect(text).toMatch(/three 1\.0\.0 \(MIT\)\n=+\n\nCopyright Three\n/)
  })

  test('does not depend on the order of packages', () => {
    const two = { ...one, name: 'two', texts: ['Copyright Two'] }
    expect(noticesText([two, one])).toBe(noticesText([one, two]))
  })

  test('has all texts of a package', () => {
    expect(noticesText([{ ...one, texts: ['the licence', 'the notice'] }])).toMatch(/the licence\n\n-+\n\nthe notice\n/)
  })

  test('gives a package without a text that of its repository', () => {
    expect(noticesText([one, { ...one, name: 'part', texts: [] }])).toMatch(
      /one 1\.0\.0 \(MIT\)\npart 1\.0\.0 \(MIT\)\n=/,
    )
  })

  test.each([
    ['alone', { repository: 'https://example.com/other' }],
    ['of no repository', { repository: '' }],
    ['under another licence than its repository', { license: 'Apache-2.0' }],
  ])('is refused for a package without a text: one %s', (_, change) => {
    expect(() => noticesText([{ ...one, ...change, name: 'bare', texts: [] }, one])).toThrow(
      'package bare 1.0.0 has no licence to publish',
    )
  })
})
