/** Turns results and errors into text, inside the guest: the host never touches a value of the agent. */
import { AgentError } from './agent-error.ts'
import { asText, BufferClass, ErrorClass, head, isView, MapClass, SetClass, stringify } from './captured.ts'

/** The agent's result as JSON. @throws AgentError `AGENT_RESULT` if it can't be said in JSON */
export function toJson(value: unknown): string {
  try {
    return stringify(value, strict) ?? 'null'
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError('AGENT_RESULT', `the result is not JSON: ${textOf(error, 'message') ?? 'it can not be read'}`)
  }
}

/** `JSON.stringify` drops or empties these without a word. */
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

/** The limit whose end the engine's own error announces. */
export function exhaustedLimit(thrown: unknown): 'memoryPages' | 'stack' | undefined {
  const message = thrown instanceof ErrorClass ? textOf(thrown, 'message') : undefined
  if (message === 'out of memory') return 'memoryPages'
  return message === 'Maximum call stack size exceeded' ? 'stack' : undefined
}

/** Codes of the host's are shorter; any other is not taken over. */
const CODE_LENGTH = 32

/** What was thrown, as JSON: its code, and name, message and stack of at most `length` code units each. */
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

/** A property, if it is a string and can be read at all. */
function textOf(value: unknown, property: 'code' | 'name' | 'message' | 'stack'): string | undefined {
  try {
    const text = (value as Record<string, unknown>)[property]
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}
