/**
 * Kernels in the agent's own source: `defc('fib', 'int(int)', 'int fib…')` with three literals. The packer moves them
 * into entries of the bundle, so the signed manifest names them and the agent needs no right to compile at run time.
 */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import type { CallExpression, Expression, Node, Program, SpreadElement } from 'acorn'
import { KernelError } from '../errors.ts'
import { C_FILE } from '../kernels/c/compile.ts'
import { type Edit, editModule, type MappedModule } from './edit-module.ts'
import { compileHere, kernelName, type PackedKernel, requireFunctions } from './packed-kernel.ts'
import { declares } from './scopes.ts'

interface Literal {
  readonly name: string
  readonly prototype: string
  readonly source: string
  /** The range of the third argument, which is replaced. */
  readonly start: number
  readonly end: number
}

/**
 * Moves literal kernels out of a packed module.
 *
 * @param taken the names of the bundle's other kernels
 * @throws KernelError `KERNEL_COMPILE_FAILED` with the author's file, line and column; `KERNEL_PROTOTYPE`
 */
export async function takeLiteralKernels(
  module: MappedModule,
  taken: ReadonlySet<string>,
): Promise<MappedModule & { kernels: PackedKernel[] }> {
  const literals = /\bdefc\b/.test(module.code) ? await findLiterals(module.code) : []
  const kernels: PackedKernel[] = []
  const edits: Edit[] = []
  for (const literal of literals) {
    const known = kernels.find(({ source }) => source?.text === literal.source)
    const name = known?.name ?? freeName(kernelName(literal.name), new Set([...taken, ...kernels.map((k) => k.name)]))
    const binary = known?.binary ?? (await compileLiteral(literal, module))
    requireFunctions(binary, [[literal.name, literal.prototype]])
    if (!known) kernels.push({ name, binary, source: { text: literal.source, language: 'c' } })
    edits.push({ start: literal.start, end: literal.end, text: `{kernel:${JSON.stringify(name)}}` })
  }
  return { ...editModule(module, edits), kernels }
}

/** `fib`, or `fib-2` if that name is taken. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++)
    if (!taken.has(`${name.slice(0, 60)}-${number}`)) return `${name.slice(0, 60)}-${number}`
}

async function findLiterals(code: string): Promise<Literal[]> {
  const [{ parse }, { ancestor }] = await Promise.all([import('acorn'), import('acorn-walk')])
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module' })
  const { named, namespaces } = importedNames(program)
  const found: Literal[] = []
  ancestor(program, {
    CallExpression(node, _, ancestors) {
      const callee = calleeName(node, named, namespaces)
      if (callee === undefined || isShadowed(callee, ancestors)) return
      const literal = literalOf(node)
      if (literal) found.push(literal)
    },
  })
  return found.sort((a, b) => a.start - b.start)
}

/** The local names of `defc` in this module. */
function importedNames(program: Program): { named: Set<string>; namespaces: Set<string> } {
  const named = new Set<string>()
  const namespaces = new Set<string>()
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration' || node.source.value !== 'lander/agent') continue
    for (const specifier of node.specifiers) {
      if (specifier.type === 'ImportNamespaceSpecifier') namespaces.add(specifier.local.name)
      else if (
        specifier.type === 'ImportSpecifier' &&
        'name' in specifier.imported &&
        specifier.imported.name === 'defc'
      )
        named.add(specifier.local.name)
    }
  }
  return { named, namespaces }
}

function calleeName({ callee }: CallExpression, named: Set<string>, namespaces: Set<string>): string | undefined {
  if (callee.type === 'Identifier') return named.has(callee.name) ? callee.name : undefined
  if (callee.type !== 'MemberExpression' || callee.computed || callee.object.type !== 'Identifier') return undefined
  const isDefc = callee.property.type === 'Identifier' && callee.property.name === 'defc'
  return isDefc && namespaces.has(callee.object.name) ? callee.object.name : undefined
}

/** Whether an inner scope declares the name again, as minified code often does. */
function isShadowed(name: string, ancestors: readonly Node[]): boolean {
  return ancestors.some((node) => node.type !== 'Program' && declares(node, name))
}

function literalOf({ arguments: args }: CallExpression): Literal | undefined {
  const [name, prototype, source] = args.map(textOf)
  const third = args[2]
  if (args.length !== 3 || name === undefined || prototype === undefined || source === undefined || !third)
    return undefined
  return { name, prototype, source, start: third.start, end: third.end }
}

function textOf(node: Expression | SpreadElement): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined
  if (node.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

async function compileLiteral({ source, start }: Literal, { code, map }: MappedModule): Promise<Uint8Array> {
  try {
    return (await compileHere(source, 'c')).binary
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    const before = code.slice(0, start).split('\n')
    const at = originalPositionFor(new TraceMap(map), { line: before.length, column: before.at(-1)!.length })
    const message = at.source === null ? error.message : inAuthorsFile(error.message, { ...at, source: at.source })
    throw new KernelError(error.code, message, { cause: error, ...(error.remedy && { remedy: error.remedy }) })
  }
}

/** Translates positions. Line 1 of a kernel's source starts after the opening quote. */
function inAuthorsFile(message: string, at: { source: string; line: number; column: number }): string {
  return message.replaceAll(new RegExp(`${C_FILE.replace('.', '\\.')}:(\\d+):(\\d+)`, 'g'), (_, line, column) => {
    const shift = Number(line) === 1 ? at.column + 1 : 0
    return `${at.source}:${at.line + Number(line) - 1}:${Number(column) + shift}`
  })
}
