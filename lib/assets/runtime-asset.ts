import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const EXTENSION = extname(fileURLToPath(import.meta.url))
const BOOTSTRAP = fileURLToPath(new URL(`../local/lambda/runtime/bootstrap${EXTENSION}`, import.meta.url))

/**
 * Builds the runtime of the local Lambda into one file that plain Node.js runs.
 *
 * @returns The path of `bootstrap.mjs` in `outDir`.
 */
export async function buildLambdaRuntime(outDir: string): Promise<string> {
  const outfile = join(outDir, 'bootstrap.mjs')
  await build({
    entryPoints: [BOOTSTRAP],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  })
  return outfile
}
