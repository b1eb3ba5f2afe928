import { hop, requirePlace, requireStill } from './hop.ts'
import { sendCopy } from './prelude/copies.ts'
import { type BranchResult, currentFork, enterFork, type OpenFork } from './prelude/forks.ts'
import { PlaceError } from './prelude/place-error.ts'

/**
 * The agent goes on in each of these places, from here, as after Unix's `fork`: the call returns in every one of them,
 * and tells which branch it is, from 0. What a branch changes stays with it, until {@link join} brings together what
 * they came to. Branches 1 and up work side by side; branch 0 is the agent itself, which is not in memory anywhere
 * meanwhile, and does its own part when the others have answered. Branches may hop, send copies, and fork again.
 *
 * @throws PlaceError `PLACE_UNKNOWN` for a region that is not of this mission, `HOP_IN_PROGRESS` while the agent hops or
 *   waits for copies
 *
 * @example
 * await fork(here.regions)
 * let count = 0
 * for await (const line of here.lines('2026/')) if (line.includes(word)) count++
 * return sum(await join(count))
 */
export async function fork(regions: readonly string[]): Promise<number> {
  const [first, ...others] = regions
  if (first === undefined) throw new TypeError('fork() takes the places to go on in, one at least')
  for (const region of regions) requirePlace(region)
  requireStill('it forks')
  const outer = currentFork()
  let enter: (fork: OpenFork) => void = () => {}
  const entered = new Promise<OpenFork>((resolve) => {
    enter = resolve
  })
  const sent = others.map((region, number) => {
    // What a copy of the agent does first: it lets its own call of fork() return.
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
 * Ends a {@link fork}: branch 0 gets what all branches came to, in the order of the places, and goes on where it is; the
 * other branches end here. What they hand in travels as JSON.
 *
 * @throws what ended another branch, with its name, message and code: the first in the order of the places. A branch that
 *   returned without a join is `FORK_UNJOINED`, one that hit a limit `COPY_STOPPED`, one that was lost
 *   `PLACE_UNREACHABLE`. PlaceError `FORK_UNJOINED` too where there is no fork to join
 */
export async function join<Value>(value: Value): Promise<Value[]> {
  const mine = currentFork()
  if (mine === undefined) throw new PlaceError('FORK_UNJOINED', 'there is no fork to join: join() comes after fork()')
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
