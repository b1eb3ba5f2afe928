import { UnreachableError } from '../errors.ts'
import { type FleetSecret, parseFleetSecret } from '../trust/fleet-secret.ts'

/** Provides the fleet's secret. */
export interface SecretSource {
  /** The secret, cached for a few minutes. */
  current(): Promise<FleetSecret>
  /** The secret. Reads it again if the cached one does not contain `epoch`, since it may have been rotated. */
  withEpoch(epoch: number): Promise<FleetSecret>
}

export interface SecretSourceOptions {
  /** Fetches the secret's text from its store. */
  readonly read: () => Promise<string>
  readonly now: () => number
  /** How long a secret is cached. @default 5 minutes */
  readonly maxAgeMs?: number
  /**
   * The least time between two reads. Epochs come from unauthenticated headers, so they must not cause more.
   * @default 10 seconds
   */
  readonly minAgeMs?: number
}

/**
 * Caches the fleet's secret and refreshes it. If it can't be read, the cached one remains in use: a receipt of the
 * former epoch is just as valid.
 */
export function createSecretSource(options: SecretSourceOptions): SecretSource {
  const { read, now, maxAgeMs = 300_000, minAgeMs = 10_000 } = options
  let held: { secret: FleetSecret; readAt: number } | undefined
  let reading: Promise<FleetSecret> | undefined

  async function refresh(): Promise<FleetSecret> {
    const readAt = now()
    const secret = await read()
      .then(parseFleetSecret)
      .catch((error: unknown) => held?.secret ?? fail(error))
    held = { secret, readAt }
    return secret
  }

  async function notOlderThan(ageMs: number): Promise<FleetSecret> {
    if (held !== undefined && now() - held.readAt < ageMs) return held.secret
    // Concurrent runs share one read.
    reading ??= refresh().finally(() => {
      reading = undefined
    })
    return reading
  }

  return {
    current: () => notOlderThan(maxAgeMs),
    async withEpoch(epoch) {
      const secret = await notOlderThan(maxAgeMs)
      return secret.epochs.some((known) => known.epoch === epoch) ? secret : notOlderThan(minAgeMs)
    },
  }
}

function fail(cause: unknown): never {
  throw new UnreachableError('SECRET_UNAVAILABLE', 'the fleet secret can not be read here', {
    remedy: 'check LANDER_FLEET_SECRET, and that the function may read it; cdk deploy sets both',
    cause,
  })
}
