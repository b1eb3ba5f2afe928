import { type AgentBucket, createMemoryAgentBucket } from '../objects/agent-bucket.ts'

/** What the sender's own places share: bundles, landings that were taken, and states too large for a message. */
export interface ClientBucket extends AgentBucket {
  /** A mission is over: its landings need not be remembered, since its order is not landed again. */
  forget(mission: string): void
}

/** In memory. A state is handed out once: whoever takes it has it. */
export function createClientBucket(): ClientBucket {
  const missions = new Map<string, AgentBucket>()
  const bundles = createMemoryAgentBucket()
  const states = new Map<string, Uint8Array>()

  function bucketOf(key: string): AgentBucket {
    const mission = /^missions\/([^/]+)\//.exec(key)?.[1]
    if (mission === undefined) return bundles
    const bucket = missions.get(mission) ?? createMemoryAgentBucket()
    missions.set(mission, bucket)
    return bucket
  }

  return {
    async get(key, maxBytes) {
      const state = states.get(key)
      states.delete(key)
      return state ?? bucketOf(key).get(key, maxBytes)
    },
    putIfAbsent: (key, bytes) => bucketOf(key).putIfAbsent(key, bytes),
    async put(key, bytes) {
      if (key.startsWith('states/')) states.set(key, bytes)
      else await bucketOf(key).put(key, bytes)
    },
    forget: (mission) => void missions.delete(mission),
  }
}
