import type { Json } from './json.ts'

/**
 * Canonical JSON: each value has exactly one text. Names are sorted by UTF-16 code units as in RFC 8785, and there is no
 * white space. Only safe integers are allowed as numbers, because languages write fractions differently.
 *
 * @throws TypeError for `undefined`, a fraction, an unsafe integer or a function
 *
 * @example
 * canonicalJson({ b: 1, a: [true] }) // '{"a":[true],"b":1}'
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') return integer(value)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') return `{${Object.entries(value).sort(byName).map(member).join(',')}}`
  throw new TypeError(`a value of type ${typeof value} has no canonical JSON`)
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a safe integer`)
  return JSON.stringify(value)
}

function byName([a]: [string, Json], [b]: [string, Json]): number {
  return a < b ? -1 : 1
}

function member([name, value]: [string, Json]): string {
  return `${JSON.stringify(name)}:${canonicalJson(value)}`
}
