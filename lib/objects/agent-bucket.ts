/**
 * The port to a region's agent bucket: where signed bundles wait under their digest, where the fleet's key policy is
 * published, where a mission reserves its place so that no order runs twice, where large sealed states change hands, and
 * where compiled kernels are kept.
 */
export interface AgentBucket {
  /** The bytes of an object, or `undefined` when there is none. More than `maxBytes` is refused unread. */
  get(key: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Writes an object unless one of that name exists; `true` when this call wrote it. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>
  /** Writes an object, whatever was there. */
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** An agent bucket whose contents can be looked through. */
export interface ListedBucket extends AgentBucket {
  /** The keys that start with `prefix`, in ascending order. */
  list(prefix: string): Promise<string[]>
}

/** Where a signed bundle lies: content addressed, so it is uploaded once and found again. */
export const bundleKey = (sha256: string): string => `agents/${sha256}`

/** Where a sealed state that is too large to travel in a message waits for its carrier. */
export const stateKey = (sha256: string): string => `states/${sha256}`

/** Where a kernel's binary lies, under the digest of what it was compiled from, and how. */
export const kernelKey = (digest: string): string => `kernels/${digest}`

/** Where the fleet's key policy lies. */
export const POLICY_KEY = 'trust/policy.json'

/** Everything a mission leaves in a region lies below. */
export const missionPrefix = (mission: string): string => `missions/${mission}/`

/**
 * One register of a landing: what became of its attempt of that number. Register 0 says who took the first attempt.
 *
 * @param landing `BRANCH/SEQUENCE`
 */
export const landingKey = (mission: string, landing: string, register: number): string =>
  `${missionPrefix(mission)}landings/${landing}/${register}`

/** What a detached mission was sent off with. */
export const requestKey = (mission: string): string => `${missionPrefix(mission)}request`

/** Where one relay of a detached mission leaves word for the next, by the next one's number. */
export const handoverKey = (mission: string, generation: number): string =>
  `${missionPrefix(mission)}handover/${generation}`

/** What a detached mission came to. */
export const answerKey = (mission: string): string => `${missionPrefix(mission)}answer`

/** Where it is marked that a mission is to land no more. */
export const cancelledKey = (mission: string): string => `${missionPrefix(mission)}cancelled`

/** An agent bucket in memory: for a run at home, and for tests. */
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
