import { agent, here } from 'lander/agent'
import { type Airport, summarise, type Tally } from './airports.ts'

/** Computes the flights, the mean delay and the worst route of every airport of departure in this region. */
export default agent(
  async (): Promise<Record<string, Airport>> => {
    const routes = new Map<string, Map<string, Tally>>()
    for await (const object of here.objects('flights/')) {
      for await (const batch of object
        .csv({ columns: ['delay', 'origin', 'destination'], numbers: ['delay'] })
        .batches()) {
        count(routes, batch.column('delay'), batch.column('origin'), batch.column('destination'))
      }
    }
    return summarise(routes)
  },
  // No airport is in two regions, so merging the answers is a union.
  { merge: (answers: Record<string, Airport>[]) => Object.assign({}, ...answers) as Record<string, Airport> },
)

function count(
  routes: Map<string, Map<string, Tally>>,
  delays: Float64Array,
  origins: readonly string[],
  destinations: readonly string[],
): void {
  // The inner loop runs three million times: two look-ups and two sums.
  for (let i = 0; i < delays.length; i++) {
    const to = routes.get(origins[i]!)
    const tally = to?.get(destinations[i]!)
    if (tally === undefined) addRoute(routes, origins[i]!, destinations[i]!, delays[i]!)
    else {
      tally.flights++
      tally.delay += delays[i]!
    }
  }
}

function addRoute(routes: Map<string, Map<string, Tally>>, origin: string, destination: string, delay: number): void {
  const to = routes.get(origin) ?? new Map<string, Tally>()
  routes.set(origin, to.set(destination, { flights: 1, delay }))
}
