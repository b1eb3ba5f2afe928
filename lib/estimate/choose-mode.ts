/** How `--place auto` decides between moving code and moving data. Pure. */
import { type Quote, type QuoteOptions, quoteRun } from './quote.ts'

/** Cost differences below this (USD) are ignored. */
const NEGLIGIBLE_USD = 0.01

/**
 * The quote to follow. Code moves to the data unless moving data is better beyond doubt: its worst time is below the best
 * guess for moving code, and it costs no more. If objects were not counted, if the client's line is unknown, or if the
 * difference is small, the data stays. With a deadline or a budget, the planner decides alone.
 */
export function chooseMode(options: QuoteOptions): Quote {
  const free = quoteRun(options)
  if (options.deadlineSeconds !== undefined || options.budgetUsd !== undefined) return free
  const stay = quoteRun({ ...options, modes: ['data'] })
  if (!stay.plan.feasible || !free.plan.feasible) return free
  if (stay.parts.every(({ place }, i) => place === free.parts[i]!.place)) return free
  return mayMove(free, stay, options) ? free : staying(stay, free)
}

function mayMove(free: Quote, stay: Quote, { fleet, client, survey }: QuoteOptions): boolean {
  const lineKnown = client !== undefined || fleet.client !== undefined
  const faster = free.seconds!.high < stay.seconds!.value
  const noDearer = free.usd!.value <= stay.usd!.value + NEGLIGIBLE_USD
  return lineKnown && survey.complete && faster && noDearer
}

/** The quote for leaving the data in place. It still shows the alternatives that move data. */
function staying(stay: Quote, free: Quote): Quote {
  const note = 'moving data might be faster, but not beyond doubt, so the data stays in its region'
  const { alternatives } = free.plan
  return { ...stay, problem: free.problem, plan: { ...stay.plan, alternatives }, notes: [...stay.notes, note] }
}
