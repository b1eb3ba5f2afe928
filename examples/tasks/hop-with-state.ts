/** Finds the slowest request. One agent hops from region to region with its result so far. */
import { agent, here, hop } from 'lander/agent'

class Slowest {
  #ms = 0
  #line = ''

  add(line: string): void {
    const ms = Number(/ (\d+) ms$/.exec(line)?.[1] ?? 0)
    if (ms > this.#ms) [this.#ms, this.#line] = [ms, line]
  }

  get line(): string {
    return this.#line
  }
}

export default agent(async () => {
  const slowest = new Slowest()
  for (const region of here.regions) {
    // The next line runs in the new region, with `slowest` and its private fields intact.
    await hop(region)
    for await (const line of here.lines('logs/')) slowest.add(line)
  }
  return slowest.line
})
