/**
 * LLVM never inlines a function into itself. gcc does, which makes small recursive functions several times as fast. So
 * each function that calls itself gets a twin, and the two call each other. LLVM then inlines the twin, and the
 * recursion advances two levels at a time.
 */

/** Raise it when twins are made differently, since they affect the binary of a source. */
export const RECURSION_VERSION = 1

/** The largest function that gets a twin, in lines of LLVM IR. LLVM would not inline a larger one. */
const MAX_LINES = 120

/** Guesses whether a function calls itself: it takes comments and macros for code, too. */
export function mayRecurse(source: string): boolean {
  const called = [...source.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(([, name]) => name!)
  return new Set(called).size < called.length
}

/**
 * Adds twins of recursive functions to unoptimised LLVM IR.
 *
 * @returns the module with twins, or the same text if nothing calls itself
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

/** Matches the calls of a function, but neither its definition nor uses of its address. */
const callsOf = (name: string) => new RegExp(`(\\bcall [^@\\n]*)@${name.replaceAll('.', '\\.')}\\(`, 'g')

/** Gives a definition internal linkage. The linkage is between `define` and the result type. */
function internal(definition: string): string {
  return definition.replace(/^define (?:(?:dso_local|hidden|protected|internal|weak|weak_odr) )*/, 'define internal ')
}
