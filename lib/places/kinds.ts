/** The four kinds of places, by what stands between an agent and the rest. */

import { openClientPlace } from '../client/client-place.ts'
import { UsageError } from '../errors.ts'
import { forkTasklet, forkThread } from './executors.ts'
import type { Place } from './place.ts'

/**
 * An instance of the engine in this very thread. Nothing is nearer: a hop there takes a few milliseconds. Its agents
 * take turns with the rest of this process, and only the engine itself can interrupt them.
 *
 * @example
 * await using launcher = await createLauncher({ places: [tasklet(), thread()], key })
 */
export function tasklet(name = 'tasklet'): Place {
  return {
    kind: 'tasklet',
    name,
    open: (domain) => openClientPlace({ kind: 'tasklet', name, fork: forkTasklet, domain }),
  }
}

/** A thread of this process for every agent that runs: side by side, and ended at any time. */
export function thread(name = 'thread'): Place {
  return { kind: 'thread', name, open: (domain) => openClientPlace({ kind: 'thread', name, fork: forkThread, domain }) }
}

/** A child process for every agent that runs, without environment, files or network: the wall that regions have. */
export function process(name = 'process'): Place {
  return { kind: 'process', name, open: (domain) => openClientPlace({ kind: 'process', name, domain }) }
}

/** A region of the launcher's fleet, next to the data there. */
export function region(name: string): Place {
  return {
    kind: 'region',
    name,
    open({ regions }) {
      if (regions === undefined)
        throw new UsageError('REGION_UNKNOWN', `there is no fleet with a region "${name}"`, {
          remedy: 'give the launcher a fleet, with its clients',
        })
      return { kind: 'region', ...regions(name), [Symbol.asyncDispose]: async () => {} }
    },
  }
}
