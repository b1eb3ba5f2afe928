/**
 * The licences of the software of others that an asset contains. They ask that their text goes wherever the code goes, so
 * every asset has a file of them, made from what esbuild says it put in.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import * as v from 'valibot'
import { InternalError } from '../errors.ts'
import { ROOT } from './asset-files.ts'

/** The file's name in an asset. */
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt'

/** What a package contains of others, without their licences in its own: texts in the folder `licences/`. */
const CONTAINED: Readonly<Record<string, readonly string[]>> = {
  'quickjs-wasi': ['quickjs-ng', 'wasi-libc'],
  '@yowasp/clang': ['llvm', 'wasi-libc'],
}

/** A package, and what is under its licences. */
export interface LicensedPackage {
  readonly name: string
  readonly version: string
  /** As its `package.json` has it: `MIT`, `Apache-2.0`. */
  readonly license: string
  readonly repository: string
  readonly texts: readonly string[]
}

/** What an asset is made of. */
export interface AssetContents {
  /** What esbuild says about each of its bundles, built with {@link ROOT} as the working directory. */
  readonly metafiles?: readonly Metafile[]
  /** Folders of packages of which files are copied into it. @default none */
  readonly copiedFrom?: readonly string[]
}

/**
 * Writes the notices of an asset.
 *
 * @throws InternalError when a package is in it whose licence is nowhere to be found
 */
export async function writeNotices(file: string, { metafiles = [], copiedFrom = [] }: AssetContents): Promise<void> {
  const folders = new Set([...metafiles.flatMap(bundledPackages), ...copiedFrom])
  const packages = await Promise.all([...folders].map(readPackage))
  await writeFile(file, noticesText(packages))
}

/** The folders of packages of which a bundle has code. */
export function bundledPackages({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => resolve(ROOT, path))
  return [...new Set(used.flatMap((path) => packageFolder(path) ?? []))]
}

/** The last one: packages lie in packages. */
function packageFolder(path: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0]
}

const Manifest = v.object({
  name: v.string(),
  version: v.string(),
  license: v.optional(v.string(), ''),
  repository: v.optional(
    v.union([
      v.string(),
      v.pipe(
        v.object({ url: v.string() }),
        v.transform(({ url }) => url),
      ),
    ]),
    '',
  ),
})

async function readPackage(folder: string): Promise<LicensedPackage> {
  const manifest = v.parse(Manifest, JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')))
  const own = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)(\.|-|$)/i.test(name)).sort()
  const contained = CONTAINED[manifest.name] ?? []
  const files = [
    ...own.map((name) => join(folder, name)),
    ...contained.map((name) => join(ROOT, 'licences', `${name}.txt`)),
  ]
  return { ...manifest, texts: await Promise.all(files.map((path) => readFile(path, 'utf8'))) }
}

const RULE = '='.repeat(80)

/**
 * The text: packages by name, those with the same licences together. A package without a licence of its own is under
 * that of its repository, which another package has brought.
 *
 * @throws InternalError when there is none
 */
export function noticesText(packages: readonly LicensedPackage[]): string {
  const byText = new Map<string, string[]>()
  const sorted = packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1))
  for (const each of sorted) {
    const text = licencesOf(each, sorted)
    byText.set(text, [...(byText.get(text) ?? []), `${each.name} ${each.version} (${each.license})`])
  }
  return [
    'These files contain software of others. Under the names of packages stand their licences.\n',
    ...[...byText].map(([text, names]) => `${RULE}\n${names.join('\n')}\n${RULE}\n\n${text}\n`),
  ].join('\n')
}

function licencesOf({ name, version, license, repository, texts }: LicensedPackage, all: readonly LicensedPackage[]) {
  const sibling = all.find((other) => other.repository === repository && other.license === license && other.texts[0])
  const found = texts.length > 0 ? texts : repository === '' ? undefined : sibling?.texts
  if (found === undefined)
    throw new InternalError(`package ${name} ${version} has no licence to publish`, {
      remedy: 'put its text into licences/, and name it in lib/bundle/third-party-notices.ts',
    })
  return found
    .map((text) => text.replaceAll('\r\n', '\n').replace(/^\n+/, '').trimEnd())
    .join(`\n\n${'-'.repeat(80)}\n\n`)
}
