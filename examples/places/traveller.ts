import { agent, here, hop, receive, send } from 'lander/agent'

/** The agent's answer. */
class Diary {
  readonly #places = new Map<string, number>()
  #last = 0

  note(place: string, prime: number): void {
    this.#places.set(place, (this.#places.get(place) ?? 0) + 1)
    this.#last = prime
  }

  get told() {
    return { last: this.#last, places: Object.fromEntries(this.#places) }
  }
}

/** Yields the prime numbers in order. */
function* primes() {
  for (let n = 2; ; n++) if (isPrime(n)) yield n
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

interface Destination {
  /** The places to hop to, in order. */
  readonly route: readonly string[]
  /** The number of primes to find in each place. */
  readonly each: number
}

/**
 * Finds some primes in each place of its route, and ends when it receives a message. The code does not depend on the
 * kind of place.
 */
export default agent(async ({ route, each }: Destination) => {
  const [found, diary] = [primes(), new Diary()]
  for (const place of [here.region, ...route]) {
    await hop(place)
    for (let count = 0; count < each; count++) diary.note(here.region, found.next().value!)
    send(here.region)
  }
  const { message } = await receive()
  return { ...diary.told, message, end: here.region }
})
