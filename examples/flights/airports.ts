/** An airport's flights: how many, the mean delay in minutes, and the destination with the worst mean delay. */
export interface Airport {
  flights: number
  meanDelay: number
  worst: { to: string; meanDelay: number; flights: number }
}

/** The flights from one airport to another, and the sum of their delays in minutes. */
export interface Tally {
  flights: number
  delay: number
}

/** The fewest flights of a route that can be the worst. */
const REGULAR = 50

/** Summarizes the airports of departure in `routes`, which are keyed by origin and destination. */
export function summarise(routes: Map<string, Map<string, Tally>>): Record<string, Airport> {
  return Object.fromEntries([...routes].sort().map(([origin, to]) => [origin, summariseAirport(to)]))
}

function summariseAirport(to: Map<string, Tally>): Airport {
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
