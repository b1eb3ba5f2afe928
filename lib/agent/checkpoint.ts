import { call } from './prelude/calls.ts'
import { place } from './prelude/place.ts'

let making: unknown

/**
 * Saves the agent's state. If its place dies later, the agent resumes from here in another function, with every
 * variable, closure, generator, timer and open read. Nothing it did before is repeated or counted twice.
 *
 * Every hop and every new landing is a checkpoint by itself: make one of your own where much work would be lost. It
 * takes about as long as a hop without the transfer. A client place saves nothing, so there it has no effect.
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
