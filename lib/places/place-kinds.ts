/** The four kinds of places, which isolate an agent in different ways. */
import { openClientPlace } from '../client/client-place.ts'
import { UsageError } from '../errors.ts'
import { forkTasklet, forkThread } from './executors.ts'
import type { Place } from './place.ts'

/** Creates the places where a launcher's agents may run. */
export interface PlaceKinds {
  /**
   * A place in the calling thread. A hop to it takes a few milliseconds. Its agents take turns with the rest of the
   * process, and only the engine can interrupt them.
   */
  tasklet(name?: string): Place
  /** One thread of this process for every running agent. Agents run in parallel and can be ended at any time. */
  thread(name?: string): Place
  /** One child process for every running agent, without environment, files and network, as in regions. */
  process(name?: string): Place
  /** A region of the launcher's fleet, where the agent runs beside the data. */
  region(name: string): Place
}

/**
 * Places for {@link createLauncher}.
 *
 * @example
 * await using launcher = await createLauncher({ places: [place.tasklet(), place.thread()], key })
 */
export const place: PlaceKinds = {
  tasklet: (name = 'tasklet') => ({
    kind: 'tasklet',
    name,
    open: (domain) => openClientPlace({ kind: 'tasklet', name, fork: forkTasklet, domain }),
  }),
  thread: (name = 'thread') => ({
    kind: 'thread',
    name,
    open: (domain) => openClientPlace({ kind: 'thread', name, fork: forkThread, domain }),
  }),
  process: (name = 'process') => ({
    kind: 'process',
    name,
    open: (domain) => openClientPlace({ kind: 'process', name, domain }),
  }),
  region: (name) => ({
    kind: 'region',
    name,
    open({ regions }) {
      if (regions === undefined)
        throw new UsageError('REGION_UNKNOWN', `the launcher has no fleet, so it has no region "${name}"`, {
          remedy: 'pass the fleet to createLauncher',
        })
      return { kind: 'region', ...regions(name), [Symbol.asyncDispose]: async () => {} }
    },
  }),
}
