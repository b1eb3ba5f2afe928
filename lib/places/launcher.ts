/** Launches agents in places of one's own and in regions, and carries them between these. */

import { type OrderDraft, readManifest, signOrderFor } from '../author/sign-order.ts'
import { createRegionPlaces } from '../aws/region-places.ts'
import type { OpenPlace } from '../client/open-place.ts'
import { type ClientTrustDomain, createClientTrustDomain } from '../client/trust-domain.ts'
import { toBase64url } from '../encoding/base64url.ts'
import { type Json, parseJson } from '../encoding/json.ts'
import { UsageError } from '../errors.ts'
import { createFleetClients } from '../fleet/clients.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import type { ObjectStore } from '../objects/store.ts'
import { relay } from '../relay/relay.ts'
import type { SentMessage } from '../sandbox/contract/job.ts'
import type { KeyPolicy } from '../trust/key-policy.ts'
import type { SigningKey } from '../trust/keys.ts'
import type { AgentHandle, AgentProgress } from './agent-handle.ts'
import { LAUNCHER, LaunchedAgent } from './launched-agent.ts'
import type { Place } from './place.ts'

/** Where a launcher's agents may live, and whose they are. */
export interface LauncherOptions {
  /** Where its agents may live. Names are distinct. */
  readonly places: readonly Place[]
  /** Signs orders, and the state of agents that leave for a region, when it signed their code too. */
  readonly key: SigningKey
  /** Further keys that signed the code. Regions take state from outside only if all of them signed it. @default none */
  readonly authors?: readonly SigningKey[]
  /** Whose agents may run in places of one's own. @default those of `key` and `authors` */
  readonly policy?: KeyPolicy
  /** The fleet that the regions belong to. @default none: there are no regions */
  readonly fleet?: Fleet
  /** What agents see in places of one's own, within the scopes of their orders. @default nothing */
  readonly data?: ObjectStore
  /** @default Date.now */
  readonly now?: () => number
}

/** How one agent is started. */
export interface LaunchOptions {
  /** Where it starts. */
  readonly in: Place | string
  /** What other agents call it. @default agent-1, agent-2 … */
  readonly name?: string
  /** What the agent gets: JSON. @default null */
  readonly input?: Json
  /** Tighter than the bundle's own. Its regions default to all of the launcher's. */
  readonly order?: OrderDraft
  /** Told of every change in where the agent is and how far it has come. */
  readonly onProgress?: (progress: AgentProgress) => void
}

/** Starts agents and carries them between its places. Dispose it: agents that have not ended are cancelled. */
export interface Launcher extends AsyncDisposable {
  /** In the order in which they were given. */
  readonly places: readonly Pick<OpenPlace, 'kind' | 'name'>[]
  /**
   * Starts a signed bundle in a place.
   *
   * @throws UsageError `USAGE` for a place the launcher has not, or a name that is taken
   * @throws RefusedError for a file that is no signed bundle, or has expired
   */
  launch(file: Uint8Array, options: LaunchOptions): AgentHandle
  /** Its agents that have not ended. */
  readonly agents: readonly AgentHandle[]
}

/**
 * Opens places and launches agents in them. Dispose it: agents that have not ended are cancelled then.
 *
 * @throws UsageError `USAGE` for two places of one name, `REGION_UNKNOWN` for a region without a fleet
 *
 * @example
 * await using launcher = await createLauncher({ places: [place.tasklet(), place.thread(), region('eu-west-1')], key, fleet })
 * const agent = launcher.launch(file, { in: 'tasklet', input: { word: 'ERROR' } })
 * agent.send('go on')
 * const { outcome } = await agent.result
 */
export async function createLauncher(options: LauncherOptions): Promise<Launcher> {
  const { key, authors = [], policy, fleet, data, now = Date.now } = options
  requirePlaceNames(options.places.map(({ name }) => name))
  const clients = fleet && createFleetClients(fleet)
  const regions = fleet && clients && createRegionPlaces({ fleet, clients })
  const keys = [...new Map([key, ...authors].map((each) => [each.keyId, each])).values()]
  const domain = await createClientTrustDomain({ keys, policy, fleet, regions, data, now })
  const places = new Map(options.places.map((place) => [place.name, place.open(domain)]))
  const launchedAgents = new Map<string, LaunchedAgent>()
  let launches = 0

  function launch(file: Uint8Array, { in: place, ...launching }: LaunchOptions): AgentHandle {
    const start = typeof place === 'string' ? place : place.name
    requirePlace(start, places)
    const { name = `agent-${++launches}`, input = null, order: draft = {}, onProgress } = launching
    requireAgentName(name, launchedAgents)
    const text = JSON.stringify(input)
    const exportState = domain.clientStateKey()
    const names = namesOf(places, draft, toBase64url(exportState.publicKey))
    const { mission, envelope: order } = signOrderFor({
      ...names,
      manifest: readManifest(file),
      draft,
      fleet: domain.fleet,
      input: text,
      sender: key,
      now: now(),
    })
    domain.begin(mission, exportState)
    const launched: LaunchedAgent = new LaunchedAgent({
      name,
      mission,
      sender: key,
      place: start,
      places: [...names.regions, ...(names.clientPlaces?.places ?? [])],
      onProgress,
      deliver: (sent) => deliver(sent, launched, launchedAgents),
      relay: (hooks) => relay(start, { places: (to) => requirePlace(to, places), file, order, input: text, ...hooks }),
    })
    launchedAgents.set(name, launched)
    void launched.result.then(() => end(launched, domain, launchedAgents))
    return launched
  }

  return {
    places: [...places.values()].map(({ kind, name }) => ({ kind, name })),
    launch,
    get agents() {
      return [...launchedAgents.values()]
    },
    async [Symbol.asyncDispose]() {
      const under = [...launchedAgents.values()]
      for (const launched of under) launched.cancel()
      await Promise.all(under.map(({ result }) => result))
      await Promise.all([...places.values()].map((place) => place[Symbol.asyncDispose]()))
      clients?.[Symbol.dispose]()
    },
  }
}

function end(launched: LaunchedAgent, domain: ClientTrustDomain, launchedAgents: Map<string, LaunchedAgent>): void {
  domain.end(launched.mission)
  launchedAgents.delete(launched.name)
}

/** A message to nobody is lost, and so is one there is no room for, or that no agent could read. */
function deliver(
  { to, body }: SentMessage,
  from: LaunchedAgent,
  launchedAgents: ReadonlyMap<string, LaunchedAgent>,
): void {
  if (parseJson(body) === undefined) return
  const message = { from: from.name, body }
  try {
    if (to === LAUNCHER) from.outbox.deliver(message)
    else launchedAgents.get(to)?.deliver(message)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
  }
}

/** The order's regions and own places: all that the launcher has, or the regions that the draft names. */
function namesOf(places: ReadonlyMap<string, OpenPlace>, draft: OrderDraft, key: string) {
  const all = [...places.values()]
  const regions = draft.regions ?? all.filter(({ kind }) => kind === 'region').map(({ name }) => name)
  const clientPlaces = all.filter(({ kind }) => kind !== 'region').map(({ name }) => name)
  return { regions, ...(clientPlaces.length > 0 && { clientPlaces: { places: clientPlaces, key } }) }
}

function requirePlace(name: string, places: ReadonlyMap<string, OpenPlace>): OpenPlace {
  const place = places.get(name)
  if (place !== undefined) return place
  throw new UsageError('USAGE', `the launcher has no place "${name}", only ${[...places.keys()].join(', ')}`, {
    remedy: 'name one of these, or give it to createLauncher',
  })
}

/** As regions are named: they stand in orders beside these. */
const PLACE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

function requirePlaceNames(names: readonly string[]): void {
  const odd = names.find((name) => !PLACE_NAME.test(name))
  if (odd !== undefined)
    throw new UsageError('USAGE', `"${odd}" is no name for a place`, {
      remedy: 'use small letters, digits and hyphens',
    })
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new UsageError('USAGE', `two places are named "${twice}"`, {
    remedy: `give one another name: place.thread('second')`,
  })
}

const AGENT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

function requireAgentName(name: string, agents: ReadonlyMap<string, LaunchedAgent>): void {
  if (!AGENT_NAME.test(name))
    throw new UsageError('USAGE', `"${name}" is no name for an agent`, { remedy: 'use letters, digits, . _ and -' })
  if (!agents.has(name) && name !== LAUNCHER) return
  throw new UsageError('USAGE', `there is an agent "${name}" already`, { remedy: 'launch it under another name' })
}
