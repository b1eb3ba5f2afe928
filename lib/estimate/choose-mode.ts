/** What `auto` does with a quote. Pure. */
import { type Quote, type QuoteOptions, quoteRun } from './quote.ts'

/** Cents that nobody would have data moved for. */
const NEGLIGIBLE_USD = 0.01

/**
 * The quote to follow. Code goes to data unless moving data is better beyond doubt: at the worst it would still take
 * less time than the other way at its best guess, for no more money to speak of. An uncounted rest, a line nobody told
 * of, or a close call leave the data where it is. A deadline or a budget decides by itself.
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

/** The other way is still shown beside it. */
function staying(stay: Quote, free: Quote): Quote {
  const note = 'moving data might be faster, but not beyond doubt, so it stays where it is'
  const { alternatives } = free.plan
  return { ...stay, problem: free.problem, plan: { ...stay.plan, alternatives }, notes: [...stay.notes, note] }
}
