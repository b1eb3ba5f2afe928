import type { Choice } from './choice.ts'

/**
 * Shares the opening cost of each place among the groups that could use it, so that a sum over groups bounds the cost of
 * a plan. The result is `[group][choice]`: shares are not negative, and those of a place add up to its cost. Any shares
 * give a valid bound. Dual ascent (Erlenkotter 1978) makes it high: one group after the other raises what it pays as long
 * as its places have cost to cover, so groups without cheap alternatives pay most.
 */
export function shareOpening(openUsd: readonly number[], choices: readonly (readonly Choice[])[]): number[][] {
  const slack = [...openUsd]
  const shares = choices.map((mine) => mine.map(() => 0))
  const ladders = choices.map((mine) => [...mine.keys()].sort((a, b) => mine[a]!.usd - mine[b]!.usd))
  const offers = choices.map((mine, group) => mine[ladders[group]![0]!]!.usd)
  const byRegret = [...choices.keys()].sort(
    (a, b) => regret(choices[b]!, ladders[b]!) - regret(choices[a]!, ladders[a]!),
  )
  let raised = true
  while (raised) {
    raised = false
    for (const group of byRegret)
      raised = raise(choices[group]!, ladders[group]!, offers, group, slack, shares[group]!) || raised
  }
  spreadRest(slack, choices, shares)
  return shares
}

const regret = (mine: readonly Choice[], ladder: readonly number[]): number =>
  ladder.length === 1 ? Number.POSITIVE_INFINITY : mine[ladder[1]!]!.usd - mine[ladder[0]!]!.usd

/** Raises what one group pays up to the cost of its next choice, or as far as its places have cost to cover. */
function raise(
  mine: readonly Choice[],
  ladder: readonly number[],
  offers: number[],
  group: number,
  slack: number[],
  shares: number[],
): boolean {
  const offer = offers[group]!
  const paid = ladder.filter((index) => mine[index]!.usd <= offer)
  const next = ladder[paid.length]
  const room = Math.min(...paid.map((index) => slack[mine[index]!.place]!))
  const step = Math.min(room, next === undefined ? room : mine[next]!.usd - offer)
  if (step <= 1e-12 * Math.abs(offer) || !Number.isFinite(step)) return false
  for (const index of paid) {
    slack[mine[index]!.place]! -= step
    shares[index]! += step
  }
  offers[group] = next !== undefined && step === mine[next]!.usd - offer ? mine[next]!.usd : offer + step
  return true
}

/** Shares the remaining cost evenly. That does not raise the bound, but makes the shares complete. */
function spreadRest(slack: readonly number[], choices: readonly (readonly Choice[])[], shares: number[][]): void {
  const users = slack.map(() => 0)
  for (const { place } of choices.flat()) users[place]!++
  for (const [group, mine] of choices.entries())
    for (const [index, { place }] of mine.entries()) shares[group]![index]! += slack[place]! / users[place]!
}
