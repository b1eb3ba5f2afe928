/** What the sender's own places have in common: who is trusted there, what is sealed with, and the data. */
import { ensureFunctionAsset } from '../assets/function-asset.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { receiptTrustOf } from '../fleet/receipt-keys.ts'
import type { BoundaryCodec } from '../host/boundary-codec.ts'
import type { SecretSource } from '../host/secret-source.ts'
import { createMemoryStore } from '../objects/memory.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { FindPlace } from '../relay/landing-place.ts'
import { engineDigest } from '../sandbox/contract/assets.ts'
import { createFleetSecret } from '../trust/fleet-secret.ts'
import { createGrant, createPolicy, withGrant } from '../trust/grant.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import { createKeyring, type Keyring } from '../trust/keyring.ts'
import type { SigningKey } from '../trust/keys.ts'
import { type ClientStateKey, createClientStateKey } from '../trust/state/client-sealed.ts'
import { type ClientBucket, createClientBucket } from './client-bucket.ts'
import { createClientCodec } from './client-codec.ts'

/** Where missions of the sender's own places belong when there is no fleet. */
export const CLIENT_FLEET = 'own'

export interface ClientTrustDomain {
  readonly fleet: string
  readonly assets: string
  /** SHA-256 of the engine's binary, base64url. */
  readonly engine: string
  readonly keyring: Keyring
  /** Seals what goes from one of these places to another. It never leaves this process. */
  readonly secret: SecretSource
  readonly codec: BoundaryCodec
  readonly bucket: ClientBucket
  readonly data: ObjectStore
  readonly now: () => number
  /** The regions of the fleet. */
  readonly regions: FindPlace | undefined
  /** Makes the key that regions seal with for one mission. */
  clientStateKey(): ClientStateKey
  /** From here on sealed states of this mission open with its key. */
  begin(mission: string, key: ClientStateKey): void
  /** A mission is over. */
  end(mission: string): void
}

export interface ClientTrustDomainOptions {
  /** The sender's key and those of the authors, as far as they are at hand. */
  readonly keys: readonly SigningKey[]
  /** Whose agents may run in these places. @default those of `keys` */
  readonly policy?: KeyPolicy | undefined
  readonly fleet?: Fleet | undefined
  readonly regions?: FindPlace | undefined
  /** The data that agents see in these places, within the scopes of their orders. @default none */
  readonly data?: ObjectStore | undefined
  readonly now: () => number
}

export async function createClientTrustDomain({
  keys,
  fleet,
  regions,
  data,
  now,
  ...options
}: ClientTrustDomainOptions): Promise<ClientTrustDomain> {
  const assets = await ensureFunctionAsset()
  const name = fleet?.name ?? CLIENT_FLEET
  const secret = createFleetSecret()
  const bucket = createClientBucket()
  const exportState = new Map<string, ClientStateKey>()
  const receiptKeys = fleet === undefined ? new Map<number, Uint8Array>() : receiptTrustOf(fleet).keys
  return {
    fleet: name,
    assets,
    engine: engineDigest(assets),
    keyring: createKeyring(options.policy ?? trustIn(keys, name, now())),
    secret: { current: async () => secret, withEpoch: async () => secret },
    codec: createClientCodec({ authors: keys, keyOf: (mission) => exportState.get(mission), receiptKeys }),
    bucket,
    data: data ?? createMemoryStore(),
    now,
    regions,
    clientStateKey: () => createClientStateKey(),
    begin: (mission, key) => void exportState.set(mission, key),
    end(mission) {
      exportState.delete(mission)
      bucket.forget(mission)
    },
  }
}

/** The sender trusts their own keys: no fleet decides what runs on the client. */
function trustIn(keys: readonly SigningKey[], fleet: string, now: number): KeyPolicy {
  return keys.reduce(
    (policy, { keyId, publicKey }) => {
      const grant = createGrant(publicKey, fleet, { name: keyId, exportState: true, now })
      return withGrant(policy, grant, now)
    },
    createPolicy(fleet, now),
  )
}
