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
export { mapStack } from './bundle/map-stack.ts'
export { type AgentModule, type AgentSource, packAgent } from './bundle/pack.ts'
export type { KernelForm, PackedKernel } from './bundle/packed-kernel.ts'
export type { Statement } from './bundle/statement.ts'
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
export type { MissionOutcome, MissionUsage } from './fleet/answer.ts'
export { type CheckOptions, checkFleet, type FleetReport } from './fleet/check.ts'
export { createFleetClients, type FleetClients } from './fleet/clients.ts'
export { type CollectOptions, collectAnswer } from './fleet/detached/collect.ts'
export { type Dispatched, dispatchMission } from './fleet/detached/dispatch.ts'
export {
  cancelMission,
  type LastLanding,
  type LookUpOptions,
  type MissionState,
  type MissionStatus,
  missionStatus,
} from './fleet/detached/look-up.ts'
export { type Fleet, type FleetRegion, parseFleet, readFleetFile } from './fleet/fleet.ts'
export { createHome, type Home, type HomeOptions } from './fleet/home.ts'
export { type MissionOptions, type MissionResult, type RegionResult, runMission } from './fleet/mission.ts'
export type { OrderDraft } from './fleet/orders.ts'
export { type PackOptions, packSigned, type SignedPack } from './fleet/pack-signed.ts'
export { receiptTrustOf } from './fleet/receipt-keys.ts'
export type { LostLanding, RouteStep } from './fleet/relay.ts'
export { type Answer, run, runAtHome } from './fleet/run.ts'
export { verifySettlement } from './fleet/settlement-receipt.ts'
export { DEFAULT_LIMITS, type LimitName, type Limits, MAX_LIMITS } from './limits.ts'
export { formatDataUri, parseDataUri } from './objects/data-uri.ts'
export { createFileStore, type FileStoreOptions } from './objects/filesystem.ts'
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './objects/memory.ts'
export type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './objects/store.ts'
export type { AgentEnd, AgentHandle, AgentProgress, FrozenAt } from './places/agent-handle.ts'
export { process, region, tasklet, thread } from './places/kinds.ts'
export { createLauncher, type Launcher, type LauncherOptions, type LaunchOptions } from './places/launcher.ts'
export type { Place, PlaceKind } from './places/place.ts'
export { type AgentLoad, type Move, type PlaceBounds, type PlaceLoad, planMoves } from './places/plan-moves.ts'
export { createScheduler, type Scheduler, type SchedulerOptions } from './places/scheduler.ts'
export type { Progress } from './sandbox/job.ts'
export type { AgentFailure, Outcome, Usage } from './sandbox/outcome.ts'
export type { Scope } from './scope.ts'
export { readKeyFile, readPublicKeyFile, writeKeyFiles } from './trust/key-files.ts'
export { generateKey, type SigningKey } from './trust/keys.ts'
