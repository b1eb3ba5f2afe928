/**
 * Lander's SDK: pack an agent, sign it, run it where the data lies.
 *
 * @example
 * import { createFleetClients, packSigned, parseDataUri, readFleetFile, readKeyFile, run } from 'lander'
 *
 * const fleet = await readFleetFile('fleet.json')
 * const key = await readKeyFile('me.key')
 * const { file } = await packSigned('count.ts', key, { scopes: [parseDataUri('s3://logs-eu/2026/')] })
 * using clients = createFleetClients(fleet)
 * const answer = await run({ fleet, clients, file, sender: key, input: { word: 'ERROR' } })
 *
 * @module lander
 */

export { type PackOptions, packSigned, type SignedPack } from './author/pack-signed.ts'
export type { OrderDraft } from './author/sign-order.ts'
export type { Manifest } from './bundle/manifest.ts'
export { mapStack } from './bundle/map-stack.ts'
export { type AgentModule, type AgentSource, packAgent } from './bundle/pack.ts'
export type { KernelForm, PackedKernel } from './bundle/packed-kernel.ts'
export { type OpenClientOptions, openClient } from './client/open-client.ts'
export type { OpenPlace, PlaceKind } from './client/open-place.ts'
export { type ClientRunOptions, runAtClient } from './client/run-at-client.ts'
export type { Json } from './encoding/json.ts'
export {
  InternalError,
  KernelError,
  LanderError,
  ObjectError,
  RefusedError,
  type Situation,
  UnreachableError,
  UsageError,
  type WireError,
} from './errors.ts'
export { createFleetClients, type FleetClients } from './fleet/clients.ts'
export { type Fleet, type FleetRegion, parseFleet, readFleetFile } from './fleet/fleet-file.ts'
export { receiptTrustOf } from './fleet/receipt-keys.ts'
export { DEFAULT_LIMITS, type LimitName, type Limits, MAX_LIMITS } from './limits.ts'
export { type CollectOptions, collectAnswer } from './mission/detached/collect.ts'
export { type Dispatched, dispatchMission } from './mission/detached/dispatch.ts'
export {
  cancelMission,
  type LastLanding,
  type LookUpOptions,
  type MissionState,
  type MissionStatus,
  missionStatus,
} from './mission/detached/status.ts'
export type { Leftover, PartResult, PlanAnswer, PlannedPart } from './mission/execute-plan.ts'
export type { Answer } from './mission/merge.ts'
export { type MissionOptions, type MissionResult, runMission } from './mission/mission.ts'
export type { MissionOutcome, MissionUsage } from './mission/outcome-of.ts'
export { verifyLandingResult } from './mission/verify-receipts.ts'
export { formatDataUri, parseDataUri } from './objects/data-uri.ts'
export { createFileStore, type FileStoreOptions } from './objects/filesystem.ts'
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './objects/memory.ts'
export type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './objects/store.ts'
export { type CheckOptions, checkFleet, type FleetReport } from './operate/check.ts'
export type { AgentEnd, AgentHandle, AgentProgress, SnapshotAt } from './places/agent-handle.ts'
export { createLauncher, type Launcher, type LauncherOptions, type LaunchOptions } from './places/launcher.ts'
export type { Place } from './places/place.ts'
export { type PlaceKinds, place } from './places/place-kinds.ts'
export { type AgentLoad, type Move, type PlaceBounds, type PlaceLoad, planMoves } from './places/plan-moves.ts'
export { createScheduler, type Scheduler, type SchedulerOptions } from './places/scheduler.ts'
export type { RegionResult } from './relay/region-result.ts'
export type { LostLanding, RouteStep } from './relay/relay.ts'
export { type DetachedRunOptions, type RunOptions, run } from './run/run.ts'
export type { Progress } from './sandbox/contract/job.ts'
export type { AgentFailure, Outcome, Usage } from './sandbox/contract/outcome.ts'
export type { Scope } from './scope.ts'
export { readKeyFile, readPublicKeyFile, writeKeyFiles } from './trust/key-files.ts'
export { generateKey, type SigningKey } from './trust/keys.ts'
