import { join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { ROOT } from './asset-files.ts'

/** The esbuild options for every deployed function. */
export const HANDLER = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // The asset's notices contain the licences.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // Some parts of the SDK are CommonJS and load Node's modules with require.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
} satisfies BuildOptions

/** Bundles a function's entry into `index.mjs`, or into a file with another name. */
export async function buildHandler(entry: string, outDir: string, name = 'index'): Promise<Metafile> {
  const outfile = join(outDir, `${name}.mjs`)
  return (await build({ ...HANDLER, entryPoints: [join(ROOT, entry)], outfile })).metafile
}
