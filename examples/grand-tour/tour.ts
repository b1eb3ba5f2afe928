import { agent, at, here, hop, sum } from 'lander/agent'

/** Computes the mean and the variance incrementally with Welford's method, whose state is three numbers. */
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

/** Yields the places in turn, over and over. */
function* rounds(places: readonly string[]) {
  for (let stop = 1; ; stop++) yield { stop, place: places[(stop - 1) % places.length]! }
}

export interface Tour {
  /** The folder of this tour's readings in every place. */
  readonly folder: string
  readonly stops: number
  /** The places, in the order of the tour. */
  readonly route: readonly string[]
  /** The places to which copies go for a second opinion. */
  readonly witnesses: readonly string[]
}

/** Computes a statistic over the temperatures of all places by hopping to each of them, and has copies check it. */
export default agent(async ({ folder, stops, route, witnesses }: Tour) => {
  const statistic = new RunningStatistic()
  const readings = new Map<string, number>()
  for (const { stop, place } of rounds(route)) {
    if (stop > stops) break
    await hop(place)
    let count = 0
    for await (const line of here.lines(`${folder}/${stop}.txt`)) {
      statistic.add(Number(line))
      count++
    }
    readings.set(`${stop} ${here.region}`, count)
  }
  await hop(route[0]!)
  const counts = await Promise.all(witnesses.map((place) => at(place, () => countLines(folder))))
  return { ...statistic.told, readings: Object.fromEntries(readings), secondOpinion: sum(counts) }
})

async function countLines(folder: string): Promise<number> {
  let count = 0
  for await (const lines of here.lines(`${folder}/`).batches()) count += lines.length
  return count
}
