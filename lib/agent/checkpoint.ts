import { call } from './prelude/calls.ts'
import { place } from './prelude/place.ts'

let making: unknown

/**
 * Keeps the agent as it is now: should its place die, it goes on from here in a new one, with every variable, closure,
 * generator, timer and read as it was, and nothing it did before is done or counted twice. Every hop is a checkpoint by
 * itself, and so is every landing anew; make one of your own where much work would be lost. It takes about as long as
 * a hop, without the way. Where a place keeps nothing, as on the caller's own machine, it does nothing.
 *
 * @example
 * for (const region of here.regions) {
 *   await hop(region)
 *   for await (const object of here.objects('2026/')) {
 *     statistic.add(await summary(object))
 *     await checkpoint()
 *   }
 * }
 */
export async function checkpoint(): Promise<void> {
  place()
  while (making !== undefined) await making
  making = call('checkpoint')
  try {
    await making
  } finally {
    making = undefined
  }
}
