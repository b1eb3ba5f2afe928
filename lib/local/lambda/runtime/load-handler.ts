import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RuntimeFailure } from './describe-failure.ts'

/** A handler: async, with a callback, or streaming (marked by `awslambda.streamifyResponse`). */
export type Handler = (...args: readonly unknown[]) => unknown

const EXTENSIONS = ['.mjs', '.js', '.cjs'] as const

/**
 * Loads `folder/index.handler`: the export `handler` of the file `folder/index` with `.mjs`, `.js` or `.cjs`.
 *
 * @throws RuntimeFailure with Lambda's types: `Runtime.MalformedHandlerName`, `Runtime.ImportModuleError`,
 * `Runtime.UserCodeSyntaxError`, `Runtime.HandlerNotFound`.
 */
export async function loadHandler(taskRoot: string, name: string): Promise<Handler> {
  const { file, path } = splitHandlerName(name)
  const module = await importModule(resolveModule(taskRoot, file))
  const handler = lookUp(module, path) ?? lookUp(module.default, path)
  if (typeof handler !== 'function') throw new RuntimeFailure('HandlerNotFound', `${name} is undefined or not exported`)
  return handler as Handler
}

/** Splits a handler name: `'lib/index.a.b'` is the file `lib/index` and the export `a.b`. */
export function splitHandlerName(name: string): { readonly file: string; readonly path: readonly string[] } {
  const folder = dirname(name)
  const [stem = '', ...path] = name.slice(folder === '.' ? 0 : folder.length + 1).split('.')
  if (stem === '' || path.length === 0 || path.includes('') || name.includes('..'))
    throw new RuntimeFailure('MalformedHandlerName', `"${name}" is not a handler; write file.export`)
  return { file: join(folder, stem), path }
}

function resolveModule(taskRoot: string, file: string): string {
  const candidates = EXTENSIONS.map((extension) => resolve(taskRoot, file + extension))
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found === undefined) throw new RuntimeFailure('ImportModuleError', `Error: Cannot find module '${file}'`)
  return found
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeFailure('UserCodeSyntaxError', String(error), error)
    const code = (error as { code?: unknown } | null)?.code
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND')
      throw new RuntimeFailure('ImportModuleError', String(error), error)
    throw error
  }
}

function lookUp(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], root)
}
