/** Turns results and errors into text inside the guest, so that the host never handles a value of the agent. */
import { AgentError } from './agent-error.ts'
import { asText, BufferClass, ErrorClass, head, isView, MapClass, SetClass, stringify } from './captured.ts'

/** The agent's result as JSON. @throws AgentError `AGENT_RESULT` for a value that JSON can not hold */
export function toJson(value: unknown): string {
  try {
    return stringify(value, strict) ?? 'null'
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError('AGENT_RESULT', `the result is not JSON: ${textOf(error, 'message') ?? 'it can not be read'}`)
  }
}

/** Rejects values that `JSON.stringify` would silently drop or empty. */
function strict(_key: string, value: unknown): unknown {
  const name = unspeakable(value)
  if (name !== undefined) throw new AgentError('AGENT_RESULT', `the result is not JSON: it contains ${name}`)
  return value
}

function unspeakable(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value === 'bigint') return 'a BigInt; return String(it)'
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof MapClass) return 'a Map; return Object.fromEntries(it)'
  if (value instanceof SetClass) return 'a Set; return [...it]'
  if (isView(value) || value instanceof BufferClass) return 'bytes; return Array.from(it), or text'
  return undefined
}

/** The limit that the engine reports as exhausted with this error. */
export function exhaustedLimit(thrown: unknown): 'memoryPages' | 'stack' | undefined {
  const message = thrown instanceof ErrorClass ? textOf(thrown, 'message') : undefined
  if (message === 'out of memory') return 'memoryPages'
  return message === 'Maximum call stack size exceeded' ? 'stack' : undefined
}

/** All codes of the host are shorter. Longer codes are the agent's own and are cut. */
const CODE_LENGTH = 32

/** What was thrown, as JSON: code, name, message and stack, each of at most `length` code units. */
export function describeThrown(thrown: unknown, length: number): string {
  const cut = (text: string | undefined) => (text === undefined ? undefined : head(text, length))
  if (typeof thrown !== 'object' || thrown === null)
    return stringify({ code: 'AGENT_THREW', message: cut(typeof thrown === 'symbol' ? 'a symbol' : asText(thrown)) })
  return stringify({
    code: head(textOf(thrown, 'code') ?? 'AGENT_THREW', CODE_LENGTH),
    name: cut(textOf(thrown, 'name')),
    message: cut(textOf(thrown, 'message')),
    stack: cut(textOf(thrown, 'stack')),
  })
}

/** A property if it is a string. A getter that throws counts as absent. */
function textOf(value: unknown, property: 'code' | 'name' | 'message' | 'stack'): string | undefined {
  try {
    const text = (value as Record<string, unknown>)[property]
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}
