/**
 * The package as a client installs it: packed, unpacked into a project of its own, and beside it the packages that npm
 * would bring, without the optional ones.
 */
import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureRelayAsset } from '../../lib/assets/relay-asset.ts'
import { ROOT } from '../../lib/bundle/asset-files.ts'
import { OPTIONAL_PACKAGES } from '../../lib/bundle/optional-packages.ts'
import { NOTICES_FILE } from '../../lib/bundle/third-party-notices.ts'

const execute = promisify(execFile)
const MB = 1e6
/** What docs/install.md promises of an install. */
const MOST_BYTES = 80 * MB

let dir: string
let modules: string
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'lander-package-')))
  modules = join(dir, 'node_modules')
  await writeFile(join(dir, 'package.json'), '{}')
  await unpack(await pack(), join(modules, 'lander'))
  for (const name of await productionPackages()) await linkPackage(name)
}, 240_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

async function pack(): Promise<string> {
  await ensureRelayAsset()
  await execute(process.execPath, ['--import', 'tsx', 'scripts/build.ts', '--package-only'], { cwd: ROOT })
  // Its own script would build the functions anew, under the feet of other tests.
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
    cwd: ROOT,
    maxBuffer: 10 * MB,
  })
  const [{ filename }] = Object.values(JSON.parse(stdout)) as [{ filename: string }]
  return join(dir, filename)
}

async function unpack(tarball: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await execute('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
}

interface Locked {
  readonly dev?: true
  readonly devOptional?: true
  readonly peer?: true
}

/** What `npm install lander` brings along, by the lockfile, as far as it is for this machine. */
async function productionPackages(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const paths = Object.entries(lock.packages).flatMap(([path, { dev, devOptional, peer }]) =>
    path === '' || dev || devOptional || peer ? [] : [path],
  )
  const here = await Promise.all(paths.map((path) => readdir(join(ROOT, path)).catch(() => undefined)))
  return paths.filter((_, i) => here[i] !== undefined).map((path) => path.replace(/^node_modules\//, ''))
}

async function linkPackage(name: string): Promise<void> {
  // One within another comes along with it.
  if (name.includes('/node_modules/')) return
  await mkdir(dirname(join(modules, name)), { recursive: true })
  await symlink(join(ROOT, 'node_modules', name), join(modules, name), 'junction')
}

/** Runs the installed command. */
async function lander(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const command = join(modules, 'lander/dist/scripts/lander.js')
  const env = { ...process.env, NO_COLOR: '1', LANDER_HOME: join(dir, 'lander'), XDG_CACHE_HOME: join(dir, 'cache') }
  const running = execute(process.execPath, [command, ...args], { cwd: dir, env })
  const { code = 0, stdout, stderr } = await running.catch((error) => error)
  return { status: code, stdout, stderr }
}

const KERNEL =
  'import { agent } from "lander/agent"\nimport { one } from "./KERNEL"\nexport default agent(() => one())\n'

describe('a client’s install', () => {
  test('is small: compilers and Vega are not in it', async () => {
    const names = await productionPackages()
    for (const name of [...Object.keys(OPTIONAL_PACKAGES), 'binaryen', 'highs']) expect(names).not.toContain(name)
    const sizes = await Promise.all(
      [...names, 'lander'].map(async (name) => sizeOf(await realpath(join(modules, name)))),
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    expect(total).toBeGreaterThan(MB)
    expect(total).toBeLessThan(MOST_BYTES)
  })

  test('has no modules but those of the library and the command', async () => {
    const packed = (await readdir(join(modules, 'lander'), { recursive: true })).filter((path) => /\.\w+$/.test(path))
    expect(packed.filter((path) => /(^|\/)(test|bench|examples|cdk)\//.test(path))).toEqual([])
    expect(packed).toContain(join('dist/functions/data-locality', 'index.mjs'))
    expect(packed.filter((path) => path.includes('clang/') || path.endsWith('.version'))).toEqual([])
  })

  test('loads each of its modules that lander exports', async () => {
    const names = ['lander', 'lander/agent', 'lander/gravity', 'lander/testing', 'lander/trust']
    const script = `for (const name of ${JSON.stringify(names)}) console.log(Object.keys(await import(name)).length > 0)`
    const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', script], { cwd: dir })
    expect(stdout.trim().split('\n')).toEqual(names.map(() => 'true'))
  })

  test('has the licences of what its functions contain, beside each', async () => {
    const functions = join(modules, 'lander/dist/functions')
    for (const name of await readdir(functions))
      expect(await readFile(join(functions, name, NOTICES_FILE), 'utf8')).toContain('Apache License')
    expect((await readdir(functions)).sort()).toEqual(['compiler', 'data-locality', 'relay'])
  })

  test('has every command', async () => {
    expect(await lander('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('gravity') })
  })

  test('packs an agent without kernels', async () => {
    await writeFile(join(dir, 'one.ts'), 'import { agent } from "lander/agent"\nexport default agent(() => 1)\n')
    await lander('keygen', '--out', 'my.key')
    const packed = await lander('pack', 'one.ts', '--data', 's3://logs/', '--key', 'my.key', '--json')
    expect(packed).toMatchObject({ status: 0, stdout: expect.stringContaining('main.js') })
  })
})

describe('without its optional packages', () => {
  test.each([
    ['one.c', 'int one(void) { return 1; }', '@yowasp/clang', 'C'],
    ['one.as.ts', 'export function one(): i32 { return 1 }', 'assemblyscript', 'AssemblyScript'],
  ] as const)('a kernel %s is refused with the command that adds the compiler', async (file, source, name, title) => {
    await writeFile(join(dir, file), source)
    await writeFile(join(dir, 'hot.ts'), KERNEL.replace('KERNEL', file))
    await lander('keygen', '--out', `${title}.key`)
    const { status, stderr } = await lander('pack', 'hot.ts', '--data', 's3://logs/', '--key', `${title}.key`)
    expect(status).toBe(2)
    expect(stderr).toContain(
      `KERNEL_UNREACHABLE: this computer cannot compile ${title}: the package ${name} is not installed`,
    )
    expect(stderr).toContain(`remedy: npm install ${name}@${OPTIONAL_PACKAGES[name]}\n`)
  })

  test('a picture is refused with the command that adds Vega, and the same figures are printed as text', async () => {
    const { status, stderr } = await lander('gravity', 'curve', '--svg', 'curve.svg')
    expect(status).toBe(2)
    expect(stderr).toContain(
      'PACKAGE_MISSING: lander cannot draw a picture: the packages vega and vega-lite are not installed',
    )
    expect(stderr).toMatch(/remedy: npm install vega@[\d.]+ vega-lite@[\d.]+\n/)
    expect(await lander('gravity', 'curve')).toMatchObject({ status: 0, stdout: expect.stringContaining('today:') })
  })

  test('a kernel compiles once its compiler is there', async () => {
    for (const name of ['assemblyscript', 'binaryen', 'long']) await linkPackage(name)
    await writeFile(join(dir, 'two.as.ts'), 'export function one(): i32 { return 2 }')
    await writeFile(join(dir, 'two.ts'), KERNEL.replace('KERNEL', 'two.as.ts'))
    await lander('keygen', '--out', 'two.key')
    const { status, stdout } = await lander('pack', 'two.ts', '--data', 's3://logs/', '--key', 'two.key', '--json')
    expect({ status, packed: stdout.includes('two.wasm') }).toEqual({ status: 0, packed: true })
  })
})

/** Bytes on a disk whose blocks have 4 KiB. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(entries.map(async (entry) => (await lstat(join(folder, entry))).size))
  return sizes.reduce((sum, size) => sum + Math.ceil(size / 4096) * 4096, 0)
}
