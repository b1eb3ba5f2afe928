/**
 * The licences of the packages whose code an asset contains. Most licences require that their text goes with the code, so
 * the build writes them into a file of the asset, by esbuild's account of what it bundled.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import * as v from 'valibot'
import { InternalError } from '../errors.ts'
import { ROOT } from './asset-files.ts'

/** The file's name in an asset. */
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt'

/** Packages that contain other software and not its licences. The texts are in the folder `licences/`. */
const CONTAINED: Readonly<Record<string, readonly string[]>> = {
  'quickjs-wasi': ['quickjs-ng', 'wasi-libc'],
  '@yowasp/clang': ['llvm', 'wasi-libc'],
}

/** A package with its licences. */
export interface LicensedPackage {
  readonly name: string
  readonly version: string
  /** The SPDX name in its `package.json`, such as `MIT`. */
  readonly license: string
  readonly repository: string
  readonly texts: readonly string[]
}

/** The sources of an asset. */
export interface AssetContents {
  /** esbuild's account of each bundle. The working directory of the build must be {@link ROOT}. */
  readonly metafiles?: readonly Metafile[]
  /** The folders of packages whose files are copied into the asset. @default none */
  readonly copiedFrom?: readonly string[]
}

/**
 * Writes the notices of an asset.
 *
 * @throws InternalError if a package has no licence text
 */
export async function writeNotices(file: string, { metafiles = [], copiedFrom = [] }: AssetContents): Promise<void> {
  const folders = new Set([...metafiles.flatMap(bundledPackages), ...copiedFrom])
  const packages = await Promise.all([...folders].map(readPackage))
  await writeFile(file, noticesText(packages))
}

/** The folders of the packages that a bundle contains code of. */
export function bundledPackages({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => resolve(ROOT, path))
  return [...new Set(used.flatMap((path) => packageFolder(path) ?? []))]
}

/** The innermost package of a path, because packages can contain packages. */
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
 * The text of the notices. Packages with the same licence text are listed above one copy of it. A package without a text
 * gets the text of another package from the same repository and under the same licence.
 *
 * @throws InternalError if there is no such package
 */
export function noticesText(packages: readonly LicensedPackage[]): string {
  const byText = new Map<string, string[]>()
  const sorted = packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1))
  for (const each of sorted) {
    const text = licencesOf(each, sorted)
    byText.set(text, [...(byText.get(text) ?? []), `${each.name} ${each.version} (${each.license})`])
  }
  return [
    'The files in this folder contain code of these packages. Below the names of packages are their licences.\n',
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
