import { agent, here, hop, receive, send } from 'lander/agent'

/** What was found where. */
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

/** Every prime number, one after the other. */
function* primes() {
  for (let n = 2; ; n++) if (isPrime(n)) yield n
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

interface Destination {
  /** Where it goes, one after the other. */
  readonly route: readonly string[]
  /** Primes to find in each place. */
  readonly each: number
}

/** Looks for primes, some in each place of its way, and ends when it is told to. It does not know what its places are. */
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
