/**
 * What LLVM leaves to its callers: it inlines a function anywhere but in itself. gcc does that too, and a small recursive
 * function is several times as fast for it. So each function that calls itself gets a twin, and they call each other;
 * LLVM then inlines the twin, and recursion goes two levels at a time.
 */

/** Raised when twins are made in another way, for they are part of what a source compiles to. */
export const RECURSION_VERSION = 1

/** Twins of more lines of LLVM's language than this are not worth their bytes: they would not be inlined. */
const MAX_LINES = 120

/** Whether a function of this C may call itself. A guess: comments and macros are not told apart from code. */
export function mayRecurse(source: string): boolean {
  const called = [...source.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(([, name]) => name!)
  return new Set(called).size < called.length
}

/**
 * Gives recursive functions a twin, in LLVM's textual language, before it is optimised.
 *
 * @returns the module with twins, or the very same text where nothing calls itself
 */
export function twinRecursive(module: string): string {
  const twins: string[] = []
  const paired = module.replaceAll(/^define [^\n]*\{\n[\s\S]*?^\}$/gm, (definition) => {
    const name = /^define [^@\n]*@([\w.]+)\(/.exec(definition)?.[1]
    if (name === undefined || !callsOf(name).test(definition)) return definition
    if (definition.split('\n').length > MAX_LINES || definition.includes('blockaddress(')) return definition
    const twin = `${name}.again`
    twins.push(internal(definition).replace(`@${name}(`, `@${twin}(`))
    return definition.replaceAll(callsOf(name), `$1@${twin}(`)
  })
  return [paired, ...twins].join('\n\n')
}

/** The calls of a function by its name: not its own head, and not where its address is taken. */
const callsOf = (name: string) => new RegExp(`(\\bcall [^@\\n]*)@${name.replaceAll('.', '\\.')}\\(`, 'g')

/** Seen by this module alone: what says otherwise stands between the word and the result's type. */
function internal(definition: string): string {
  return definition.replace(/^define (?:(?:dso_local|hidden|protected|internal|weak|weak_odr) )*/, 'define internal ')
}
