/**
 * The port to a region's agent bucket. It holds signed bundles under their digest, the fleet's key policy, the ledger of
 * landings (so that no order runs twice), sealed states that are too large for a message, and compiled kernels.
 */
export interface AgentBucket {
  /** The bytes of an object; `undefined` if it does not exist. An object above `maxBytes` is refused without a read. */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Writes an object only if the key does not exist. @returns whether this call wrote it */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>
  /** Writes an object and replaces an existing one. */
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** An agent bucket that can list its keys. */
export interface ListedBucket extends AgentBucket {
  /** The keys that start with `prefix`, in ascending order. */
  list(prefix: string): Promise<string[]>
}

/** The key of a signed bundle. It is content-addressed, so each bundle is uploaded once. */
export const bundleKey = (sha256: string): string => `agents/${sha256}`

/** The key of a sealed state that is too large for a message. */
export const stateKey = (sha256: string): string => `states/${sha256}`

/** The key of a compiled kernel. @param digest of its source and its compiler options */
export const kernelKey = (digest: string): string => `kernels/${digest}`

/** The key of the fleet's key policy. */
export const POLICY_KEY = 'trust/policy.json'

/** The prefix of all records of a mission in a region. */
export const missionPrefix = (mission: string): string => `missions/${mission}/`

/**
 * The key of one register of a landing, which records the attempt of that number. Register 0 records who claimed the
 * first attempt.
 *
 * @param landing `BRANCH/SEQUENCE`
 */
export const landingKey = (mission: string, landing: string, register: number): string =>
  `${missionPrefix(mission)}landings/${landing}/${register}`

/** The key of the request that started a detached mission. */
export const requestKey = (mission: string): string => `${missionPrefix(mission)}request`

/** The key of the record that one relay of a detached mission leaves for the next. @param generation of the next relay */
export const handoverKey = (mission: string, generation: number): string =>
  `${missionPrefix(mission)}handover/${generation}`

/** The key of the result of a detached mission. */
export const answerKey = (mission: string): string => `${missionPrefix(mission)}answer`

/** The key of the mark that a mission is cancelled. */
export const cancelledKey = (mission: string): string => `${missionPrefix(mission)}cancelled`

/** An agent bucket in memory, for runs in the client and for tests. */
export function createMemoryAgentBucket(): ListedBucket {
  const objects = new Map<string, Uint8Array>()
  return {
    get: async (key) => objects.get(key),
    putIfAbsent: async (key, bytes) => {
      if (objects.has(key)) return false
      objects.set(key, bytes)
      return true
    },
    put: async (key, bytes) => {
      objects.set(key, bytes)
    },
    list: async (prefix) => [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(),
  }
}
