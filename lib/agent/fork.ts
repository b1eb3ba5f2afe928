import { hop, requirePlace, requireStill } from './hop.ts'
import { sendCopy } from './prelude/copies.ts'
import { type BranchResult, currentFork, enterFork, type OpenFork } from './prelude/forks.ts'
import { PlaceError } from './prelude/place-error.ts'

/**
 * Continues the agent in several places at once, like Unix's `fork`: the call returns in each of these places.
 *
 * Branches 1 and up run side by side. Branch 0 is the agent itself: it is suspended to storage until the others have
 * answered, and then does its own part. A change that one branch makes is not visible in another. {@link join} collects
 * the results. Branches may hop, send copies, and fork again.
 *
 * @returns the number of this branch, from 0
 * @throws PlaceError `PLACE_UNKNOWN` for a place that this mission may not go to, `HOP_IN_PROGRESS` while the agent
 *   hops or waits for copies
 *
 * @example
 * await fork(here.regions)
 * let count = 0
 * for await (const line of here.lines('2026/')) if (line.includes(word)) count++
 * return sum(await join(count))
 */
export async function fork(regions: readonly string[]): Promise<number> {
  const [first, ...others] = regions
  if (first === undefined) throw new TypeError('fork() takes a list of at least one place')
  for (const region of regions) requirePlace(region)
  requireStill('it forks')
  const outer = currentFork()
  let enter: (fork: OpenFork) => void = () => {}
  const entered = new Promise<OpenFork>((resolve) => {
    enter = resolve
  })
  const sent = others.map((region, number) => {
    // The copy runs this first: its own call of fork() then returns.
    const branch = () =>
      new Promise((resolve, reject) => enter({ index: number + 1, others: [], answer: { resolve, reject }, outer }))
    return sendCopy(region, branch).then(
      (value): BranchResult => ({ value }),
      (error): BranchResult => ({ error }),
    )
  })
  void Promise.all(sent).then((results) => enter({ index: 0, others: results, outer }))
  const mine = await entered
  enterFork(mine)
  if (mine.index === 0) await hop(first)
  return mine.index
}

/**
 * Ends a {@link fork}. Branch 0 receives the values of all branches, in the order of the places, and continues where it
 * is. The other branches end here. The values travel as JSON.
 *
 * @throws the error that ended another branch, with its name, message and code: the first in the order of the places
 * @throws PlaceError `FORK_UNJOINED` if a branch returned without a join, or if there is no fork to join;
 *   `COPY_STOPPED` if a branch hit a limit; `PLACE_UNREACHABLE` if a branch was lost
 */
export async function join<Value>(value: Value): Promise<Value[]> {
  const mine = currentFork()
  if (mine === undefined) throw new PlaceError('FORK_UNJOINED', 'there is no fork to join; call fork() first')
  if (mine.answer !== undefined) {
    mine.answer.resolve(value)
    return new Promise(() => {})
  }
  enterFork(mine.outer)
  return [value, ...(mine.others.map(take) as Value[])]
}

function take(result: BranchResult): unknown {
  if ('error' in result) throw result.error
  return result.value
}
