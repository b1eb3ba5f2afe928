import { join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { ROOT } from './asset-files.ts'

/** How every function that is deployed is bundled. */
export const HANDLER = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // The asset's notices have the licences.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // Some of the SDK's parts are CommonJS and ask for Node's modules with require.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
} satisfies BuildOptions

/** Bundles a function's entry into `index.mjs`, or into the file that is named. */
export async function buildHandler(entry: string, outDir: string, name = 'index'): Promise<Metafile> {
  const outfile = join(outDir, `${name}.mjs`)
  return (await build({ ...HANDLER, entryPoints: [join(ROOT, entry)], outfile })).metafile
}
