import { join } from 'node:path'

/** Where a local fleet keeps its files. */
export interface LocalFleetFiles {
  /** What a client needs to reach it. */
  readonly fleet: string
  /** Signs the key policy. */
  readonly rootKey: string
  /** A key the fleet trusts, for the person at this machine. */
  readonly developerKey: string
  readonly policy: string
  /** From which the fleet derives its own keys. */
  readonly secret: string
  /** The process that serves it, while it does. */
  readonly process: string
  /** Held by the one process that may serve it, from before it makes anything. */
  readonly lock: string
  readonly log: string
  /** Buckets and their objects. */
  readonly data: string
}

/** The files of the local fleet in `dir`. */
export function localFleetFiles(dir: string): LocalFleetFiles {
  return {
    fleet: join(dir, 'fleet.json'),
    rootKey: join(dir, 'root.key'),
    developerKey: join(dir, 'developer.key'),
    policy: join(dir, 'policy.json'),
    secret: join(dir, 'secret.json'),
    process: join(dir, 'process.json'),
    lock: join(dir, 'process.lock'),
    log: join(dir, 'local.log'),
    data: join(dir, 'data'),
  }
}
