import { UnreachableError } from '../errors.ts'
import { type FleetSecret, parseFleetSecret } from '../trust/fleet-secret.ts'

/** Gives the fleet's secret. */
export interface SecretSource {
  /** The secret, a few minutes old at most. */
  current(): Promise<FleetSecret>
  /** The secret, read anew when the one at hand does not hold `epoch`: somebody may have rotated it. */
  withEpoch(epoch: number): Promise<FleetSecret>
}

export interface SecretSourceOptions {
  /** Fetches the secret's text from where it is kept. */
  readonly read: () => Promise<string>
  readonly now: () => number
  /** How long a secret is used before it is asked for again. @default 5 minutes */
  readonly maxAgeMs?: number
  /** The least time between two readings, whatever epochs strangers name. @default 10 seconds */
  readonly minAgeMs?: number
}

/**
 * Keeps the fleet's secret at hand and reads it anew from time to time. While it can't be read, the one at hand goes
 * on: a receipt signed with the former epoch is as good.
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
    // Runs that start together share one reading.
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
    remedy: 'check LANDER_FLEET_SECRET and that the function may read it: cdk deploy sets both',
    cause,
  })
}
