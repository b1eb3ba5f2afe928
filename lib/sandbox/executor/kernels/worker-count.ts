import { availableParallelism } from 'node:os'

/** The most workers on any computer. A Lambda function has at most six processors. */
const MAX_WORKERS = 8

/** How many workers a place has. */
export function workerCount(): number {
  return Math.min(MAX_WORKERS, availableParallelism())
}
