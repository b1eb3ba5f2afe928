/**
 * Answers the question of delays.ts with the inner loop in C: the kernel reads the flights, and the agent summarizes
 * them.
 */
import { agent, here } from 'lander/agent'
import { type Airport, summarise, type Tally } from './airports.ts'
import { begin_object, end_line, list_routes, read_piece } from './delays-kernel.c'

/** The most routes; the same number as in the kernel. */
const MOST_ROUTES = 2 ** 14
const PROBLEMS = ['', 'a column is missing', 'a line is not as it should be', 'there are too many routes']

export default agent(
  async (): Promise<Record<string, Airport>> => {
    for await (const object of here.objects('flights/')) {
      check(begin_object(), object.key)
      for await (const chunk of object.chunks()) check(read_piece(chunk), object.key)
      check(end_line(), object.key)
    }
    return summarise(readRoutes())
  },
  { merge: (answers: Record<string, Airport>[]) => Object.assign({}, ...answers) as Record<string, Airport> },
)

function check(problem: number, key: string): void {
  if (problem !== 0) throw new Error(`${key}: ${PROBLEMS[problem]}`)
}

function readRoutes(): Map<string, Map<string, Tally>> {
  const routes = new Map<string, Map<string, Tally>>()
  const [origins, destinations, flights] = [1, 2, 3].map(() => new Uint32Array(MOST_ROUTES)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  const delays = new Float64Array(MOST_ROUTES)
  const count = list_routes(origins, destinations, flights, delays)
  for (let i = 0; i < count; i++) {
    const origin = nameOf(origins[i]!)
    const to = routes.get(origin) ?? new Map<string, Tally>()
    routes.set(origin, to.set(nameOf(destinations[i]!), { flights: flights[i]!, delay: delays[i]! }))
  }
  return routes
}

/** Decodes an airport's code, which the kernel holds as one number with the first letter in the lowest byte. */
function nameOf(code: number): string {
  const messages = [code & 255, (code >>> 8) & 255, (code >>> 16) & 255, code >>> 24]
  return String.fromCharCode(...messages.filter((message) => message !== 0))
}
