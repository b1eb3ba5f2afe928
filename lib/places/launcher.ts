/** Launches agents in places of the client and in regions, and relays them between places. */

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

/** The places and the keys of a launcher. */
export interface LauncherOptions {
  /** The places where its agents may run. Their names must differ. */
  readonly places: readonly Place[]
  /** Signs orders. It also signs the state of agents that move to a region, if it signed their code. */
  readonly key: SigningKey
  /** Further keys that signed the code. A region accepts state from the client only if all of them signed it. @default none */
  readonly authors?: readonly SigningKey[]
  /** The key policy for places of the client. @default it trusts `key` and `authors` */
  readonly policy?: KeyPolicy
  /** The fleet of the regions. @default none, so there are no regions */
  readonly fleet?: Fleet
  /** The objects that agents can read in places of the client, within their scopes. @default none */
  readonly data?: ObjectStore
  /** @default Date.now */
  readonly now?: () => number
}

/** How an agent is launched. */
export interface LaunchOptions {
  /** The place of the first landing. */
  readonly in: Place | string
  /** The name by which other agents send it messages. @default agent-1, agent-2 … */
  readonly name?: string
  /** The agent's input. @default null */
  readonly input?: Json
  /** Restrictions on the bundle's manifest. Its regions default to all regions of the launcher. */
  readonly order?: OrderDraft
  /** Called whenever the place or the progress of the agent changes. */
  readonly onProgress?: (progress: AgentProgress) => void
}

/** Launches agents and relays them between its places. Disposing it cancels agents that have not ended. */
export interface Launcher extends AsyncDisposable {
  /** The places, in the order of the options. */
  readonly places: readonly Pick<OpenPlace, 'kind' | 'name'>[]
  /**
   * Starts an agent from a signed bundle.
   *
   * @throws UsageError `USAGE` for a place that the launcher does not have, or a name that is in use
   * @throws RefusedError if the file is not a signed bundle, or has expired
   */
  launch(file: Uint8Array, options: LaunchOptions): AgentHandle
  /** The agents that have not ended. */
  readonly agents: readonly AgentHandle[]
}

/**
 * Opens places and returns a launcher for them. Disposing it cancels agents that have not ended.
 *
 * @throws UsageError `USAGE` for two places of one name; `REGION_UNKNOWN` for a region without a fleet
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
    const targets = targetsOf(places, draft, toBase64url(exportState.publicKey))
    const { mission, envelope: order } = signOrderFor({
      ...targets,
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
      places: [...targets.regions, ...(targets.clientPlaces?.places ?? [])],
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
      const running = [...launchedAgents.values()]
      for (const launched of running) launched.cancel()
      await Promise.all(running.map(({ result }) => result))
      await Promise.all([...places.values()].map((place) => place[Symbol.asyncDispose]()))
      clients?.[Symbol.dispose]()
    },
  }
}

function end(launched: LaunchedAgent, domain: ClientTrustDomain, launchedAgents: Map<string, LaunchedAgent>): void {
  domain.end(launched.mission)
  launchedAgents.delete(launched.name)
}

/** Delivers a message. It is dropped if there is no such agent, if the mailbox is full, or if it is not JSON. */
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

/** The regions and the places of the client for an order: all of the launcher, or the regions that the draft names. */
function targetsOf(places: ReadonlyMap<string, OpenPlace>, draft: OrderDraft, key: string) {
  const all = [...places.values()]
  const regions = draft.regions ?? all.filter(({ kind }) => kind === 'region').map(({ name }) => name)
  const clientPlaces = all.filter(({ kind }) => kind !== 'region').map(({ name }) => name)
  return { regions, ...(clientPlaces.length > 0 && { clientPlaces: { places: clientPlaces, key } }) }
}

function requirePlace(name: string, places: ReadonlyMap<string, OpenPlace>): OpenPlace {
  const place = places.get(name)
  if (place !== undefined) return place
  throw new UsageError('USAGE', `the launcher has no place "${name}", only ${[...places.keys()].join(', ')}`, {
    remedy: 'name one of these, or pass the place to createLauncher',
  })
}

/** Place names follow the form of region names, because orders list both. */
const PLACE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/

function requirePlaceNames(names: readonly string[]): void {
  const invalid = names.find((name) => !PLACE_NAME.test(name))
  if (invalid !== undefined)
    throw new UsageError('USAGE', `"${invalid}" is not a valid name for a place`, {
      remedy: 'use lowercase letters, digits and hyphens',
    })
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new UsageError('USAGE', `two places are named "${twice}"`, {
    remedy: `give one of them another name, such as place.thread('second')`,
  })
}

const AGENT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

function requireAgentName(name: string, agents: ReadonlyMap<string, LaunchedAgent>): void {
  if (!AGENT_NAME.test(name))
    throw new UsageError('USAGE', `"${name}" is not a valid name for an agent`, {
      remedy: 'use letters, digits, ".", "_" and "-"',
    })
  if (!agents.has(name) && name !== LAUNCHER) return
  throw new UsageError('USAGE', `there already is an agent "${name}"`, { remedy: 'launch it with another name' })
}
