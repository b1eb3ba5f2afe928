import { fileURLToPath } from 'node:url'
import { createContext, Script } from 'node:vm'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a module of this project as in a browser: bundled, without `process`, `Buffer`, `require` or any
 * module of Node.
 *
 * @param code imports from `./lib/…` and puts plain data into `globalThis.result`
 */
export async function runInBrowser<T>(code: string): Promise<T> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    logLevel: 'silent',
  })
  const context = createContext({ TextEncoder, TextDecoder, atob, btoa, crypto, Uint8Array })
  new Script(outputFiles[0]!.text).runInContext(context)
  return context.result as T
}
