import type { AnyNode, Node, Pattern } from 'acorn'

/** Whether a node of a syntax tree opens a scope that declares `name`. */
export function declares(node: Node, name: string): boolean {
  return namesIn(node as AnyNode).has(name)
}

function namesIn(node: AnyNode): Set<string> {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return new Set([
        ...node.params.flatMap(namesOf),
        ...varsOf(node.body),
        ...(node.type === 'FunctionExpression' && node.id ? [node.id.name] : []),
      ])
    case 'ClassExpression':
      return new Set(node.id ? [node.id.name] : [])
    case 'BlockStatement':
    case 'StaticBlock':
      return new Set(node.body.flatMap(lexicalNames))
    case 'SwitchStatement':
      return new Set(node.cases.flatMap(({ consequent }) => consequent.flatMap(lexicalNames)))
    case 'ForStatement':
      return new Set(node.init ? lexicalNames(node.init) : [])
    case 'ForInStatement':
    case 'ForOfStatement':
      return new Set(lexicalNames(node.left))
    case 'CatchClause':
      return new Set(node.param ? namesOf(node.param) : [])
    default:
      return new Set()
  }
}

/** The names that a statement declares in its block. */
function lexicalNames(node: AnyNode): string[] {
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap(({ id }) => namesOf(id))
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return node.id ? [node.id.name] : []
  return []
}

/** The names that `var` declares in a function, without those of inner functions. */
function varsOf(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(varsOf)
  if (typeof node !== 'object' || node === null || !('type' in node)) return []
  const each = node as AnyNode
  if (/Function|Class/.test(each.type)) return []
  const own = each.type === 'VariableDeclaration' && each.kind === 'var' ? lexicalNames(each) : []
  return [...own, ...Object.values(each).flatMap(varsOf)]
}

function namesOf(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) => namesOf(each.type === 'RestElement' ? each.argument : each.value))
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each ? namesOf(each) : []))
    case 'RestElement':
      return namesOf(pattern.argument)
    case 'AssignmentPattern':
      return namesOf(pattern.left)
    default:
      return []
  }
}
