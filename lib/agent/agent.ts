/** What an agent's function learns about the place it runs in: its second argument. */
export interface AgentContext {
  /** Identifies this mission: the run of one order. */
  readonly mission: string
  /** The region or client place that the agent is in; `'client'` on the caller's machine. */
  readonly region: string
  /** Every region of this mission, in the sequence that the order lists them. */
  readonly regions: readonly string[]
  /** The client places that the agent may go to from here. Absent when there are none. */
  readonly clientPlaces?: readonly string[]
}

/**
 * What an agent does in one place.
 *
 * The result travels as JSON. `undefined`, `NaN` and the infinities become `null`. A result with functions, symbols,
 * BigInts, `Map`s, `Set`s, bytes or cycles fails the run with `AGENT_RESULT`.
 */
export type AgentFunction<Input, Result> = (input: Input, place: AgentContext) => Result | Promise<Result>

/** The options of {@link agent}. */
export interface AgentOptions<Result, Merged> {
  /**
   * Merges the results of all places, in the order of the mission's regions, into one answer. Runs once, on the client,
   * and can read no objects.
   *
   * @default an array of the results, one per place
   */
  readonly merge?: (results: Result[]) => Merged | Promise<Merged>
}

declare const types: unique symbol

/** An agent, as {@link agent} returns it. Make it the default export of your module. */
export interface Agent<Input = unknown, Merged = unknown> {
  readonly run: AgentFunction<Input, unknown>
  /** The option `merge`, if it was given. */
  readonly merge: ((results: never[]) => unknown) | undefined
  /** For type inference only. */
  readonly [types]?: Merged
}

/**
 * Declares an agent.
 *
 * @example
 * import { agent, here, sum } from 'lander/agent'
 *
 * export default agent(
 *   async ({ word }: { word: string }) => {
 *     let count = 0
 *     for await (const line of here.lines('logs/')) if (line.includes(word)) count++
 *     return count
 *   },
 *   { merge: sum },
 * )
 */
export function agent<Input, Result, Merged = Result[]>(
  run: AgentFunction<Input, Result>,
  options: AgentOptions<Result, Merged> = {},
): Agent<Input, Merged> {
  if (typeof run !== 'function') throw new TypeError('agent() takes the function to run')
  return Object.freeze({ run, merge: options.merge as Agent['merge'] })
}
