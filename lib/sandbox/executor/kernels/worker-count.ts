import { availableParallelism } from 'node:os'

/** However many threads the machine has: a function with the most memory has six. */
const MAX_WORKERS = 8

/** How many lanes a place has. */
export function workerCount(): number {
  return Math.min(MAX_WORKERS, availableParallelism())
}
