import { agent, here } from 'lander/agent'

/** One airport's flights: how many, how late on average (minutes), and the destination with the worst mean delay. */
export interface Airport {
  flights: number
  meanDelay: number
  worst: { to: string; meanDelay: number; flights: number }
}

interface Tally {
  flights: number
  delay: number
}

/** A route counts as bad only if it was flown this often. */
const REGULAR = 50

/** Flights, mean delay and the worst route of every airport that flights of this region leave from. */
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
    return Object.fromEntries([...routes].sort().map(([origin, to]) => [origin, summarise(to)]))
  },
  // No airport lies in two regions, so the answers only need to be put side by side.
  { merge: (answers: Record<string, Airport>[]) => Object.assign({}, ...answers) as Record<string, Airport> },
)

function count(
  routes: Map<string, Map<string, Tally>>,
  delays: Float64Array,
  origins: readonly string[],
  destinations: readonly string[],
): void {
  for (let i = 0; i < delays.length; i++) {
    const tally = tallyOf(routes, origins[i]!, destinations[i]!)
    tally.flights++
    tally.delay += delays[i]!
  }
}

function tallyOf(routes: Map<string, Map<string, Tally>>, origin: string, destination: string): Tally {
  const to = routes.get(origin)
  const tally = to?.get(destination) ?? { flights: 0, delay: 0 }
  if (tally.flights > 0) return tally
  if (to === undefined) routes.set(origin, new Map([[destination, tally]]))
  else to.set(destination, tally)
  return tally
}

function summarise(to: Map<string, Tally>): Airport {
  const routes = [...to].map(([destination, { flights, delay }]) => ({
    to: destination,
    meanDelay: round(delay / flights),
    flights,
  }))
  const regular = routes.filter(({ flights }) => flights >= REGULAR)
  const worst = (regular.length > 0 ? regular : routes).reduce((a, b) => (b.meanDelay > a.meanDelay ? b : a))
  const flights = routes.reduce((sum, route) => sum + route.flights, 0)
  const delay = [...to.values()].reduce((sum, tally) => sum + tally.delay, 0)
  return { flights, meanDelay: round(delay / flights), worst }
}

const round = (minutes: number): number => Math.round(minutes * 100) / 100
