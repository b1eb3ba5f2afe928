/** The pending moves of a run: a hop, copies, or an eviction. */
import { MAX_COPIES } from '../../limits.ts'
import type { EndMessage } from '../wire/protocol.ts'
import type { CopyCall, Waiting } from '../wire/snapshot.ts'

export class Moves {
  #hop: { readonly call: number; readonly to: string } | undefined
  readonly #copies: CopyCall[] = []
  #evicting = false

  /** Whether the agent hops or sends copies. */
  get wanted(): boolean {
    return this.#hop !== undefined || this.#copies.length > 0
  }

  /** Whether the place evicts the agent. */
  get evicting(): boolean {
    return this.#evicting
  }

  evict(): void {
    this.#evicting = true
  }

  /** Cancels the eviction. */
  stay(): void {
    this.#evicting = false
  }

  /** @throws Error if the agent is already moving */
  hop(call: number, to: string): void {
    if (this.wanted) throw new Error('the agent is already moving')
    this.#hop = { call, to }
  }

  /** @throws Error if the agent is already hopping, or sends too many copies */
  copy(call: number, request: string): void {
    if (this.#hop !== undefined) throw new Error('the agent is already moving')
    if (this.#copies.length >= MAX_COPIES) throw new Error(`more than ${MAX_COPIES} copies are sent at once`)
    const { to, entry } = JSON.parse(request) as { to: string; entry: number }
    this.#copies.push({ call, entry, to })
  }

  /** What the agent waits for after its departure. */
  waiting(): Waiting {
    if (this.#hop !== undefined) return { kind: 'hop', call: this.#hop.call }
    return this.#copies.length === 0 ? { kind: 'stay' } : { kind: 'scatter', calls: this.#copies }
  }

  /** Where the agent or its copies go. Empty if it continues in the same place. */
  destination(): Pick<EndMessage, 'hop' | 'copies'> {
    if (this.#hop !== undefined) return { hop: this.#hop.to }
    return this.#copies.length === 0 ? {} : { copies: this.#copies.map(({ to }) => to) }
  }
}
