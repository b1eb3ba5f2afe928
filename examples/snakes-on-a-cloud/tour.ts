import { type Chunk, here, hop } from 'lander/agent'

/** Scans the bytes of a chunk: counts the values into `counts`, and returns the continued checksum (32-bit FNV-1a). */
export type Scan = (checksum: number, chunk: Chunk, counts: Uint32Array) => number

/** The tour's result. */
export interface Finding {
  readonly bytes: number
  /** The checksum over all regions in order. It is right only if the state moved with the agent. */
  readonly checksum: number
  /** The entropy of the data in bits per byte, from the frequencies of the values. */
  readonly entropy: number
  readonly visited: readonly string[]
}

const FNV_OFFSET = 0x811c9dc5

/** The state that moves with the agent from region to region. */
class Survey {
  #checksum = FNV_OFFSET
  readonly #counts = new Uint32Array(256)
  readonly #visited: string[] = []

  async visit(region: string, scan: Scan): Promise<void> {
    await hop(region)
    for await (const object of here.objects('logs/'))
      for await (const chunk of object.chunks()) this.#checksum = scan(this.#checksum, chunk, this.#counts)
    this.#visited.push(here.region)
  }

  get finding(): Finding {
    const bytes = this.#counts.reduce((sum, count) => sum + count, 0)
    const shares = [...this.#counts].filter((count) => count > 0).map((count) => count / bytes)
    const entropy = shares.reduce((sum, share) => sum - share * Math.log2(share), 0)
    return { bytes, checksum: this.#checksum, entropy, visited: this.#visited }
  }
}

/** Runs the tour; the same code for every form of the inner loop. */
export async function tour(scan: Scan): Promise<Finding> {
  const survey = new Survey()
  for (const region of here.regions) await survey.visit(region, scan)
  return survey.finding
}
