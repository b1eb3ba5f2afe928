/** Where the agent wants to go, until nothing keeps it any more. */

import { MAX_COPIES } from '../../limits.ts'
import type { EndMessage } from '../wire/protocol.ts'
import type { CopyCall, Waiting } from '../wire/snapshot.ts'

export class Moves {
  #hop: { readonly call: number; readonly to: string } | undefined
  readonly #copies: CopyCall[] = []
  #leaving = false

  /** Whether the agent itself wants to move, or copies of it. */
  get wanted(): boolean {
    return this.#hop !== undefined || this.#copies.length > 0
  }

  /** Whether the place wants the agent to go on in a new landing. */
  get evicting(): boolean {
    return this.#leaving
  }

  evict(): void {
    this.#leaving = true
  }

  /** It does not leave after all. */
  stay(): void {
    this.#leaving = false
  }

  /** @throws Error if the agent is on its way already */
  hop(call: number, to: string): void {
    if (this.wanted) throw new Error('the agent is on its way already')
    this.#hop = { call, to }
  }

  /** @throws Error if the agent is on its way already, or sends too many copies */
  copy(call: number, request: string): void {
    if (this.#hop !== undefined) throw new Error('the agent is on its way already')
    if (this.#copies.length >= MAX_COPIES) throw new Error(`more than ${MAX_COPIES} copies are sent at once`)
    const { to, entry } = JSON.parse(request) as { to: string; entry: number }
    this.#copies.push({ call, entry, to })
  }

  /** What the agent waits for while it is on its way. */
  waiting(): Waiting {
    if (this.#hop !== undefined) return { kind: 'hop', call: this.#hop.call }
    return this.#copies.length === 0 ? { kind: 'stay' } : { kind: 'scatter', calls: this.#copies }
  }

  /** Where to: a hop, copies, or neither, to stay. */
  destination(): Pick<EndMessage, 'hop' | 'copies'> {
    if (this.#hop !== undefined) return { hop: this.#hop.to }
    return this.#copies.length === 0 ? {} : { copies: this.#copies.map(({ to }) => to) }
  }
}
