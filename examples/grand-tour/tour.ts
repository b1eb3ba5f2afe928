import { agent, at, here, hop, sum } from 'lander/agent'

/** Mean and spread of numbers as they come, by Welford's method: nothing is kept but three numbers. */
class RunningStatistic {
  #count = 0
  #mean = 0
  #squares = 0

  add(value: number): void {
    this.#count++
    const distance = value - this.#mean
    this.#mean += distance / this.#count
    this.#squares += distance * (value - this.#mean)
  }

  get told() {
    return { count: this.#count, mean: this.#mean, deviation: Math.sqrt(this.#squares / (this.#count - 1)) }
  }
}

/** The rounds of the tour: every region in turn, over and over. */
function* rounds(regions: readonly string[]) {
  for (let stop = 1; ; stop++) yield { stop, region: regions[(stop - 1) % regions.length]! }
}

/** A statistic over the temperatures of all regions, gathered by going there; and a second opinion from three copies. */
export default agent(async ({ stops }: { stops: number }) => {
  const statistic = new RunningStatistic()
  const readings = new Map<string, number>()
  for (const { stop, region } of rounds(here.regions)) {
    if (stop > stops) break
    await hop(region)
    let count = 0
    for await (const line of here.lines(`${stop}.txt`)) {
      statistic.add(Number(line))
      count++
    }
    readings.set(`${stop} ${here.region}`, count)
  }
  await hop(here.regions[0]!)
  const counts = await Promise.all(here.regions.map((region) => at(region, countLines)))
  return { ...statistic.told, readings: Object.fromEntries(readings), secondOpinion: sum(counts) }
})

async function countLines(): Promise<number> {
  let count = 0
  for await (const lines of here.lines().batches()) count += lines.length
  return count
}
