/**
 * Packages that few clients need: the compilers of kernels, and Vega. They are optional peer dependencies, which makes an
 * installation 220 MB smaller. If a command needs a package that is not installed, the error names the command that adds
 * it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import * as v from 'valibot'
import { COMPILER_PACKAGES } from '../kernels/toolchain.ts'
import { VERSION } from '../version.ts'
import { ROOT } from './asset-files.ts'

const { c, assemblyscript } = COMPILER_PACKAGES

/** The version of each to install. A test compares them with package.json. */
export const OPTIONAL_PACKAGES = {
  [c.name]: c.version,
  [assemblyscript.name]: assemblyscript.version,
  vega: '6.4.0',
  'vega-lite': '6.4.3',
} as const

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES

/** The packages with exact versions: another version of a compiler would compile the same source to other bytes. */
const PINNED: ReadonlySet<string> = new Set<string>([c.name, assemblyscript.name])

/** Why Lander cannot use a package, and the command that mends it. */
export interface MissingPackages {
  /** For example `the package vega is not installed`. */
  readonly fact: string
  /** For example `npm install vega@6.4.0`. */
  readonly remedy: string
}

export interface PackageSearch {
  /** The version of an installed package, or `undefined`. @default what Node finds from this file */
  readonly versionOf?: (name: string) => string | undefined
  /** The folder that Lander is installed in. @default the folder of this package */
  readonly root?: string
}

/** What is missing of these packages; `undefined` if each is installed in an accepted version. */
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
    ...other.map(({ name, version }) => `${name} ${version} is installed, and Lander needs ${OPTIONAL_PACKAGES[name]}`),
  ]
  if (facts.length === 0) return undefined
  return { fact: facts.join('; '), remedy: installCommand([...absent, ...other.map(({ name }) => name)], root) }
}

const notInstalled = (names: readonly string[]): string =>
  names.length === 1
    ? `the package ${names[0]} is not installed`
    : `the packages ${names.join(' and ')} are not installed`

/**
 * The command that adds packages where Lander finds them: to the project that it is installed in, to the global packages,
 * or to the call of npx.
 */
function installCommand(names: readonly OptionalPackage[], root: string): string {
  const packages = names.map((name) => `${name}@${OPTIONAL_PACKAGES[name]}`)
  const [project, ...below] = root.split(`${sep}node_modules${sep}`)
  // In a checkout they are devDependencies.
  if (below.length === 0) return `npm ci, in ${root}`
  if (dirname(project!).endsWith(`${sep}_npx`))
    return `npx ${[`lander@${VERSION}`, ...packages].map((each) => `--package ${each}`).join(' ')} lander …`
  // The folder of npm's global packages has no package.json.
  const isProject = existsSync(join(project!, 'package.json'))
  return `npm install ${isProject ? '' : '--global '}${packages.join(' ')}`
}

const require = createRequire(import.meta.url)
const Manifest = v.object({ version: v.string() })

/** Searches the folders itself, because `require.resolve` needs a package to export its `package.json`. */
function installedVersion(name: string): string | undefined {
  const manifests = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json'))
  const manifest = manifests.find((path) => existsSync(path))
  return manifest && v.parse(Manifest, JSON.parse(readFileSync(manifest, 'utf8'))).version
}
