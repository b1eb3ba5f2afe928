/** Forks: the branch of each that this heap is in. */
import { PlaceError } from './place-error.ts'

/** What another branch of a fork came to. */
export type BranchResult = { readonly value: unknown } | { readonly error: unknown }

/** A fork that has not been joined. */
export interface OpenFork {
  /** Which branch this heap is: 0 is the one that goes on after the join. */
  readonly index: number
  /** In branch 0: what the others came to, in their order. */
  readonly others: readonly BranchResult[]
  /** In every other branch: tells branch 0 what this one came to, and ends it. */
  readonly answer?: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }
  /** The fork this one was made in. */
  readonly outer: OpenFork | undefined
}

let current: OpenFork | undefined

export function currentFork(): OpenFork | undefined {
  return current
}

export function enterFork(fork: OpenFork | undefined): void {
  current = fork
}

/** @throws PlaceError `FORK_UNJOINED` when the agent is at its end, and branches of it were never asked for */
export function requireJoined(): void {
  if (current !== undefined && current.answer === undefined) throw unjoined()
}

/** The agent's own function has returned in a branch, which has not joined. */
export function endUnjoined(): void {
  endBranch(unjoined())
}

/** The agent's own function has ended with an error in a branch: that is what the branch came to. */
export function endBranch(error: unknown): void {
  for (let fork = current; fork !== undefined; fork = fork.outer)
    if (fork.answer !== undefined) {
      fork.answer.reject(error)
      return
    }
}

function unjoined(): PlaceError {
  return new PlaceError(
    'FORK_UNJOINED',
    'the agent has ended with a fork that it did not join: await join(value) first',
  )
}
