/** The forks that have not been joined, and which branch of each this heap is. */
import { PlaceError } from './place-error.ts'

/** The result of another branch. */
export type BranchResult = { readonly value: unknown } | { readonly error: unknown }

/** A fork that has not been joined. */
export interface OpenFork {
  /** The number of this branch. Branch 0 continues after the join. */
  readonly index: number
  /** In branch 0: the results of the other branches, in their order. */
  readonly others: readonly BranchResult[]
  /** In every other branch: reports the result to branch 0 and ends this branch. */
  readonly answer?: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }
  /** The fork around this one. */
  readonly outer: OpenFork | undefined
}

let current: OpenFork | undefined

export function currentFork(): OpenFork | undefined {
  return current
}

export function enterFork(fork: OpenFork | undefined): void {
  current = fork
}

/** @throws PlaceError `FORK_UNJOINED` if the agent ends without having joined its branches */
export function requireJoined(): void {
  if (current !== undefined && current.answer === undefined) throw unjoined()
}

/** Ends a branch whose agent has returned without a join. */
export function endUnjoined(): void {
  endBranch(unjoined())
}

/** Ends a branch whose agent has thrown: the error is the result of the branch. */
export function endBranch(error: unknown): void {
  for (let fork = current; fork !== undefined; fork = fork.outer)
    if (fork.answer !== undefined) {
      fork.answer.reject(error)
      return
    }
}

function unjoined(): PlaceError {
  return new PlaceError('FORK_UNJOINED', 'the agent has ended without joining its fork; await join(value) first')
}
