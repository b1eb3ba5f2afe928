/**
 * Packages that few clients need: the compilers of kernels, and what draws. They are optional peers of this package, so
 * that an install has 220 MB less. Where one is needed and not there, the message names the command that adds it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import * as v from 'valibot'
import { COMPILER_PACKAGES } from '../kernels/toolchain.ts'
import { VERSION } from '../version.ts'
import { ROOT } from './asset-files.ts'

const { c, assemblyscript } = COMPILER_PACKAGES

/** The version to install of each, as package.json has it. */
export const OPTIONAL_PACKAGES = {
  [c.name]: c.version,
  [assemblyscript.name]: assemblyscript.version,
  vega: '6.4.0',
  'vega-lite': '6.4.3',
} as const

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES

/** Another version of a compiler compiles the same source to other bytes, so no other will do. */
const PINNED: ReadonlySet<string> = new Set<string>([c.name, assemblyscript.name])

/** Why packages can't be used, and the command that mends it. */
export interface MissingPackages {
  /** As in `the package vega is not installed`. */
  readonly fact: string
  /** As in `npm install vega@6.4.0`. */
  readonly remedy: string
}

export interface PackageSearch {
  /** The version of an installed package; `undefined` where there is none. @default as Node finds it from this file */
  readonly versionOf?: (name: string) => string | undefined
  /** Where Lander itself is installed. @default the folder of this package */
  readonly root?: string
}

/** Says what is missing of packages; `undefined` when each is there, in a version that will do. */
export function missingPackages(
  names: readonly OptionalPackage[],
  { versionOf = installedVersion, root = ROOT }: PackageSearch = {},
): MissingPackages | undefined {
  const found = names.map((name) => ({ name, version: versionOf(name) }))
  const absent = found.filter(({ version }) => version === undefined).map(({ name }) => name)
  const other = found.filter(
    ({ name, version }) => version !== undefined && PINNED.has(name) && version !== OPTIONAL_PACKAGES[name],
  )
  const facts = [
    ...(absent.length > 0 ? [notInstalled(absent)] : []),
    ...other.map(({ name, version }) => `${name} is ${version}, and has to be ${OPTIONAL_PACKAGES[name]}`),
  ]
  if (facts.length === 0) return undefined
  return { fact: facts.join('; '), remedy: installCommand([...absent, ...other.map(({ name }) => name)], root) }
}

const notInstalled = (names: readonly string[]): string =>
  names.length === 1
    ? `the package ${names[0]} is not installed`
    : `the packages ${names.join(' and ')} are not installed`

/**
 * The command that adds packages where Lander finds them: in the project that it is installed in, among the global
 * packages, or to the same call of npx.
 */
function installCommand(names: readonly OptionalPackage[], root: string): string {
  const packages = names.map((name) => `${name}@${OPTIONAL_PACKAGES[name]}`)
  const [project, ...below] = root.split(`${sep}node_modules${sep}`)
  // A checkout has them as devDependencies.
  if (below.length === 0) return `npm ci, in ${root}`
  if (dirname(project!).endsWith(`${sep}_npx`))
    return `npx ${[`lander@${VERSION}`, ...packages].map((each) => `--package ${each}`).join(' ')} lander …`
  // npm keeps global packages in a folder that is no package itself.
  const isProject = existsSync(join(project!, 'package.json'))
  return `npm install ${isProject ? '' : '--global '}${packages.join(' ')}`
}

const require = createRequire(import.meta.url)
const Manifest = v.object({ version: v.string() })

/** Not by `require.resolve`: these packages don't export their `package.json`. */
function installedVersion(name: string): string | undefined {
  const manifests = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json'))
  const manifest = manifests.find((path) => existsSync(path))
  return manifest && v.parse(Manifest, JSON.parse(readFileSync(manifest, 'utf8'))).version
}
