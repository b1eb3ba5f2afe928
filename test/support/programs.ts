import { join } from 'node:path'
import { inject } from 'vitest'

/**
 * The file to start for a program of this repository, by its path in the checkout: `scripts/lander.ts`. It is a bundle
 * that was made before the tests ran: a start from source takes four times as long, since `tsx` compiles every module.
 */
export function programFile(source: string): string {
  return join(inject('programs'), source.replace(/\.ts$/, '.mjs'))
}
