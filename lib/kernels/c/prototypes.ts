/**
 * The prototypes of a kernel in C: every definition at the outermost level that is not static. It only reads the text,
 * so it does not see functions that macros generate.
 */
import { KernelError } from '../../errors.ts'
import { parsePrototype, spellSignature } from '../signature.ts'

export interface CPrototypes {
  /** The prototypes, by the name of the function. */
  readonly prototypes: ReadonlyMap<string, string>
  /** The functions that agents can't call, with the reasons, by name. */
  readonly unusable: ReadonlyMap<string, string>
}

/**
 * Reads the prototypes of a source.
 *
 * @example
 * readCPrototypes('size_t count(const unsigned char *p, size_t n) { … }').prototypes.get('count')
 * // 'size_t(const uint8_t*, size_t)'
 */
export function readCPrototypes(source: string): CPrototypes {
  const prototypes = new Map<string, string>()
  const unusable = new Map<string, string>()
  for (const head of definitionHeads(source)) {
    const [, result, name, params] = /^([\s\S]*?)\b([A-Za-z_]\w*)\s*\(([\s\S]*)\)$/.exec(head) ?? []
    if (name === undefined || /\b(static|typedef)\b/.test(result!)) continue
    try {
      prototypes.set(name, spellSignature(parsePrototype(`${plainResult(result!)}(${plainParams(params!)})`)))
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      unusable.set(name, error.message)
    }
  }
  return { prototypes, unusable }
}

/** The texts before the outermost braces. */
function definitionHeads(source: string): string[] {
  const text = withoutNoise(source)
  const heads: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' && depth++ === 0) {
      const head = text.slice(start, at).trim()
      if (head.endsWith(')')) heads.push(head)
    } else if (character === '}' && --depth === 0) start = at + 1
    else if (character === ';' && depth === 0) start = at + 1
  }
  return heads
}

/** Replaces comments and literals with spaces, and removes directives and attributes. */
function withoutNoise(source: string): string {
  return source
    .replaceAll(/\\\r?\n/g, '')
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, ' ')
    .replaceAll(/^[ \t]*#[^\n]*/gm, '')
    .replaceAll(/\b__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)/g, ' ')
}

/** Removes keywords that don't affect the type of the value. */
function plainResult(text: string): string {
  return text.replaceAll(/\b(extern|inline|__inline|_Noreturn|const|volatile)\b/g, ' ').trim()
}

/** Rewrites `T name[]` as a pointer, and `void *` as a pointer to bytes. */
function plainParams(text: string): string {
  return text
    .replaceAll(/\b(volatile|register|__restrict)\b/g, ' ')
    .replaceAll(/(\w+)\s*\[[^\]]*\]/g, '* $1')
    .replaceAll(/\bvoid\s*\*/g, 'uint8_t *')
}
