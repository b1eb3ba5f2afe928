/** The four kinds of places, by what stands between an agent and the rest. */
import { openClientPlace } from '../client/client-place.ts'
import { UsageError } from '../errors.ts'
import { forkTasklet, forkThread } from './executors.ts'
import type { Place } from './place.ts'

/** Makes the places that a launcher's agents may live in. */
export interface PlaceKinds {
  /**
   * An instance of the engine in the calling thread. No place is nearer: a hop there takes a few milliseconds. Its
   * agents take turns with the rest of this process, and only the engine itself can interrupt them.
   */
  tasklet(name?: string): Place
  /** A thread of this process for every agent that runs: agents work side by side, and can be ended at any time. */
  thread(name?: string): Place
  /** A child process for every agent that runs, without environment, files or network: the wall that regions have. */
  process(name?: string): Place
  /** A region of the launcher's fleet, next to the data there. */
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
        throw new UsageError('REGION_UNKNOWN', `there is no fleet with a region "${name}"`, {
          remedy: 'give the launcher a fleet, with its clients',
        })
      return { kind: 'region', ...regions(name), [Symbol.asyncDispose]: async () => {} }
    },
  }),
}
