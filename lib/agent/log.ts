import { tell } from './prelude/calls.ts'
import { stringify } from './prelude/captured.ts'

/**
 * Writes a line to the log of this run, as `console.log` does. Logs leave the region with the result, within the
 * limit `logBytes` of the run; more ends the run.
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
 * Says how far the agent is. Shown in whole percents, a few times a second at most.
 *
 * @param fraction from 0 to 1
 */
export function progress(fraction: number): void {
  tell('progress', `${fraction}`)
}

function legible(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
