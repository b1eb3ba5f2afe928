/**
 * `lander/gravity`: the time and the cost of moving data, and where to run code instead. It is pure: it uses no network
 * and no files, and the caller passes the time in. It runs in browsers and in Node.
 *
 * @module lander/gravity
 */

export { CLIENT } from '../client-name.ts'
export {
  type ComputeUse,
  type CostEstimate,
  type CostLine,
  type CostRequest,
  estimateCost,
  type RequestUse,
  type TransferUse,
} from './cost.ts'
export { explainPlan } from './explain.ts'
export { type FrontierOptions, type FrontierPoint, placementFrontier } from './planner/frontier.ts'
export {
  type Alternative,
  type Assignment,
  type FeasiblePlan,
  type InfeasiblePlan,
  type Plan,
  type PlanOptions,
  planPlacement,
} from './planner/plan-placement.ts'
export type { PlacementProblem } from './planner/problem.ts'
export { interRegionUsdPerGB, type PriceFile, type Prices, PUBLISHED_PRICES, parsePrices } from './prices.ts'
export { bitsPerSecondBetween, linkBetween, objectBytesPerSecond, type RegionLink, rttMs } from './tables/links.ts'
export { REGIONS, type Region, regionOf } from './tables/regions.ts'
export { estimateTransfer, type TransferEstimate, type TransferRequest } from './transfer.ts'
export {
  formatBytes,
  formatLink,
  formatSeconds,
  formatUsd,
  parseBytes,
  parseDuration,
  parseLink,
  parseUsd,
  parseUtilisation,
} from './units.ts'
