/** Where the agent is, for the function that runs there. */
export interface AgentContext {
  /** Identifies this mission: one order carried out. */
  readonly mission: string
  /** The region the agent is in; `'client'` on the caller's own machine. */
  readonly region: string
  /** Every region of this mission, in the order's order. */
  readonly regions: readonly string[]
  /** Places of the sender's own that the agent may go to from where it is; absent when there are none. */
  readonly clientPlaces?: readonly string[]
}

/**
 * What an agent does in one place.
 *
 * The result travels as JSON: `undefined` becomes `null`, and so do `NaN` and the infinities; what JSON has no word
 * for (functions, symbols, BigInt, `Map`, `Set`, bytes, cycles) fails the run with `AGENT_RESULT`.
 */
export type AgentFunction<Input, Result> = (input: Input, place: AgentContext) => Result | Promise<Result>

/** What {@link agent} is told beside the function. */
export interface AgentOptions<Result, Merged> {
  /**
   * Makes one answer of the results of all places, in the order of the mission's regions. Runs once, in one place,
   * without objects.
   *
   * @default the results as they are, one per place
   */
  readonly merge?: (results: Result[]) => Merged | Promise<Merged>
}

declare const types: unique symbol

/** What {@link agent} makes: export it as the default of your module. */
export interface Agent<Input = unknown, Merged = unknown> {
  readonly run: AgentFunction<Input, unknown>
  /** The options’ `merge`, if there is one. */
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
