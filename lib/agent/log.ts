import { tell } from './prelude/calls.ts'
import { BufferClass, ErrorClass, isView, MapClass, SetClass, stringify } from './prelude/captured.ts'

/** How many items of a collection are shown. */
const SHOWN = 20

/**
 * Writes a line to the log of this run, as `console.log` does. Values are written as JSON, with the first items of a
 * `Map`, a `Set` or a typed array. Logs leave the region with the result. The run ends when they exceed its limit
 * `logBytes`.
 *
 * @example
 * log('read', count, 'lines')
 */
export function log(...parts: unknown[]): void {
  let line = ''
  for (let index = 0; index < parts.length; index++) line += (index === 0 ? '' : ' ') + legible(parts[index])
  tell('log', line)
}

/**
 * Reports the progress of the agent. The caller sees whole per cents, at most five times a second.
 *
 * @param fraction from 0 to 1
 */
export function progress(fraction: number): void {
  tell('progress', `${fraction}`)
}

function legible(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof ErrorClass) return described(value)
  try {
    return stringify(value, spoken) ?? String(value)
  } catch {
    return String(value)
  }
}

/** Writes what JSON has no notation for: `{"Map(2)":[["a",1],["b",2]]}`. */
function spoken(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof ErrorClass) return described(value)
  if (value instanceof MapClass) return { [`Map(${value.size})`]: first(value) }
  if (value instanceof SetClass) return { [`Set(${value.size})`]: first(value) }
  if (value instanceof BufferClass) return { [`ArrayBuffer(${value.byteLength})`]: first(new Uint8Array(value)) }
  if (isView(value) && !(value instanceof DataView)) {
    const items = value as Uint8Array
    return { [`${items.constructor.name}(${items.length})`]: first(items) }
  }
  return value
}

const described = ({ name, message }: Error): string => `${name}: ${message}`

function first(items: Iterable<unknown>): unknown[] {
  const shown: unknown[] = []
  for (const item of items) {
    if (shown.length === SHOWN) return [...shown, '…']
    shown.push(item)
  }
  return shown
}
