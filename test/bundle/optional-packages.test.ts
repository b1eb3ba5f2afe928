import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingPackages, OPTIONAL_PACKAGES, type OptionalPackage } from '../../lib/bundle/optional-packages.ts'
import { VERSION } from '../../lib/version.ts'
import manifest from '../../package.json' with { type: 'json' }

const NAMES = Object.keys(OPTIONAL_PACKAGES) as OptionalPackage[]
const none = () => undefined
const inVersion = (version: string) => () => version

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-packages-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('the search for missing packages', () => {
  test('finds nothing if each package is installed', () => {
    expect(missingPackages(NAMES)).toBeUndefined()
  })

  test('names a package that is not installed, and the command that adds it', () => {
    expect(missingPackages(['@yowasp/clang'], { versionOf: none, root: '/code/lander' })).toEqual({
      fact: 'the package @yowasp/clang is not installed',
      remedy: 'npm ci, in /code/lander',
    })
  })

  test('names all missing packages, and one command for them', async () => {
    const root = await projectWithLander('project')
    expect(missingPackages(['vega', 'vega-lite'], { versionOf: none, root })).toEqual({
      fact: 'the packages vega and vega-lite are not installed',
      remedy: `npm install vega@${OPTIONAL_PACKAGES.vega} vega-lite@${OPTIONAL_PACKAGES['vega-lite']}`,
    })
  })

  test('does not name an installed package beside a missing one', async () => {
    const root = await projectWithLander('half')
    const versionOf = (name: string) => (name === 'vega' ? '6.0.0' : undefined)
    expect(missingPackages(['vega', 'vega-lite'], { versionOf, root })?.remedy).toBe(
      `npm install vega-lite@${OPTIONAL_PACKAGES['vega-lite']}`,
    )
  })

  test.each(['@yowasp/clang', 'assemblyscript'] as const)(
    'reports another version of the compiler %s, which would give other bytes',
    async (name) => {
      const root = await projectWithLander('other')
      expect(missingPackages([name], { versionOf: inVersion('1.2.3'), root })).toEqual({
        fact: `${name} 1.2.3 is installed, and Lander needs ${OPTIONAL_PACKAGES[name]}`,
        remedy: `npm install ${name}@${OPTIONAL_PACKAGES[name]}`,
      })
    },
  )

  test('accepts an earlier Vega, which draws too', () => {
    expect(missingPackages(['vega', 'vega-lite'], { versionOf: inVersion('5.33.1') })).toBeUndefined()
  })
})

describe('the command that adds a package', () => {
  const remedyIn = (root: string) => missingPackages(['assemblyscript'], { versionOf: none, root })?.remedy
  const wanted = `assemblyscript@${OPTIONAL_PACKAGES.assemblyscript}`

  test('adds it to the project that Lander is installed in', async () => {
    expect(remedyIn(await projectWithLander('mine'))).toBe(`npm install ${wanted}`)
  })

  test('adds it to the global packages if Lander is one of them', async () => {
    const root = join(dir, 'prefix/lib/node_modules/lander')
    await mkdir(root, { recursive: true })
    expect(remedyIn(root)).toBe(`npm install --global ${wanted}`)
  })

  test('is the call of npx with one more package, if npx runs Lander', async () => {
    const root = await projectWithLander('cache/_npx/1a2b3c')
    expect(remedyIn(root)).toBe(`npx --package lander@${VERSION} --package ${wanted} lander …`)
  })

  test('adds it to the project also if a package manager keeps packages in a store of its own', async () => {
    const root = join(await projectWithLander('store'), '../.store/lander@0.1.0/node_modules/lander')
    expect(remedyIn(root)).toBe(`npm install ${wanted}`)
  })
})

test('docs/install.md names each package in the right version', async () => {
  const page = await readFile(new URL('../../docs/install.md', import.meta.url), 'utf8')
  const commands = [...page.matchAll(/`npm install ([^`]*@\d[^`]*)`/g)].flatMap(([, packages]) => packages!.split(' '))
  expect(commands.sort()).toEqual(NAMES.map((name) => `${name}@${OPTIONAL_PACKAGES[name]}`).sort())
})

describe('package.json', () => {
  test('has each package as an optional peer dependency, and as a devDependency for this repository', () => {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional)
    expect(optional.map(([name]) => name).sort()).toEqual([...NAMES].sort())
    expect(Object.keys(manifest.peerDependencies).sort()).toEqual([...NAMES].sort())
    for (const name of NAMES) {
      expect(manifest.devDependencies[name].replace('^', ''), name).toBe(OPTIONAL_PACKAGES[name])
      expect(manifest.dependencies, name).not.toHaveProperty([name])
    }
  })

  test('pins the compilers, because their output must not change', () => {
    for (const name of ['@yowasp/clang', 'assemblyscript'] as const) {
      expect(manifest.peerDependencies[name]).toBe(OPTIONAL_PACKAGES[name])
      expect(manifest.devDependencies[name]).toBe(OPTIONAL_PACKAGES[name])
    }
  })
})

/** Creates a project and returns Lander's folder in it. */
async function projectWithLander(name: string): Promise<string> {
  const root = join(dir, name, 'node_modules/lander')
  await mkdir(root, { recursive: true })
  await writeFile(join(dir, name, 'package.json'), '{}')
  return root
}
