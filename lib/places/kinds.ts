/** The four kinds of places, which isolate an agent in different ways. */

import { openClientPlace } from '../client/client-place.ts'
import { UsageError } from '../errors.ts'
import { forkTasklet, forkThread } from './executors.ts'
import type { Place } from './place.ts'

/**
 * A place in the current thread. A hop to it takes a few milliseconds. Its agents take turns with the rest of the
 * process, and only the engine can interrupt them.
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

/** A place with one thread of this process for every running agent. Agents run in parallel and can be ended at any time. */
export function thread(name = 'thread'): Place {
  return { kind: 'thread', name, open: (domain) => openClientPlace({ kind: 'thread', name, fork: forkThread, domain }) }
}

/** A place with one child process for every running agent, without environment, files and network, as in regions. */
export function process(name = 'process'): Place {
  return { kind: 'process', name, open: (domain) => openClientPlace({ kind: 'process', name, domain }) }
}

/** A region of the launcher's fleet, where the agent runs beside the data. */
export function region(name: string): Place {
  return {
    kind: 'region',
    name,
    open({ regions }) {
      if (regions === undefined)
        throw new UsageError('REGION_UNKNOWN', `the launcher has no fleet, so it has no region "${name}"`, {
          remedy: 'pass the fleet to createLauncher',
        })
      return { kind: 'region', ...regions(name), [Symbol.asyncDispose]: async () => {} }
    },
  }
}
