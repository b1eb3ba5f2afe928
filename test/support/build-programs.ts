/** Bundles this repository's programs once for all tests of a run, before any test starts one. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { TestProject } from 'vitest/node'
import { EXAMPLES } from '../../examples/support/performances.ts'
import { ROOT } from './samples.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the bundled programs. */
    programs: string
  }
}

/** What tests start, by its path in the checkout. */
const PROGRAMS = [...Object.values(EXAMPLES).map(({ path }) => path), 'scripts/invoke.ts', 'scripts/lander.ts']

/** Packages of many small files: Node reads them faster as one file. It imports all others from `node_modules`. */
const BUNDLED_PACKAGES = /^(@aws-sdk|@smithy|commander|fast-xml-parser|valibot)(\/|$)/

/** The folder lies below `node_modules`, so that the bundles find the packages that are not in them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cache = join(ROOT, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'lander-programs-'))
  await buildPrograms(folder)
  project.provide('programs', folder)
  return () => rm(folder, { recursive: true, force: true })
}

async function buildPrograms(outdir: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS,
    outbase: ROOT,
    outdir,
    // A file below `node_modules` is a module by its name alone.
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    // As tsx does: messages may contain the name of a class.
    keepNames: true,
    logLevel: 'warning',
    define: { 'import.meta.url': 'moduleUrl', 'import.meta.dirname': 'moduleFolder' },
    plugins: [packages, sourceLocations],
    // Some of the SDK's parts are CommonJS and ask for Node's modules with require.
    banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
  })
}

const packages: Plugin = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      const ours = kind === 'entry-point' || path.startsWith('lander')
      const bundled = BUNDLED_PACKAGES.test(path) || importer.includes('/node_modules/')
      return ours || bundled ? undefined : { path, external: true }
    })
  },
}

/** Modules find files beside them by their own URL, so each one keeps the URL of its source file. */
const sourceLocations: Plugin = {
  name: 'source-locations',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!text.includes('import.meta.')) return undefined
      const [url, folder] = [pathToFileURL(path).href, dirname(path)].map((each) => JSON.stringify(each))
      return { contents: `const moduleUrl = ${url}, moduleFolder = ${folder}; ${text}`, loader: 'ts' }
    })
  },
}
