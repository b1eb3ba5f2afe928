/** One airport's flights: how many, how late on average (minutes), and the destination with the worst mean delay. */
export interface Airport {
  flights: number
  meanDelay: number
  worst: { to: string; meanDelay: number; flights: number }
}

/** What flew from one airport to another, and how late in all (minutes). */
export interface Tally {
  flights: number
  delay: number
}

/** A route counts as bad only if it was flown this often. */
const REGULAR = 50

/** The airports that `routes` leave from, by origin and destination. */
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
