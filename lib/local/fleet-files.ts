import { join } from 'node:path'

/** The paths of a local fleet's files. */
export interface LocalFleetFiles {
  /** The fleet file, which clients need to reach the fleet. */
  readonly fleet: string
  /** The root key, which signs the key policy. */
  readonly rootKey: string
  /** The developer key, which the fleet trusts. */
  readonly developerKey: string
  readonly policy: string
  /** The secret from which the fleet derives its keys. */
  readonly secret: string
  /** The record of the process that serves the fleet. */
  readonly process: string
  /** The lock of that process, which it takes before it writes any other file. */
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
