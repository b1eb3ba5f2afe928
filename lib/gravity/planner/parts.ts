import { CLIENT } from '../../client-name.ts'
import { transferUsd } from '../cost.ts'
import { lambdaUsdPerGBSecond, lambdaUsdPerRequest, s3RequestPrice } from '../prices.ts'
import { LAMBDA_NETWORK } from '../tables/lambda-performance.ts'
import { S3_PERFORMANCE } from '../tables/s3-performance.ts'
import { fetchLines, secondsAt, type TimeLine } from '../transfer.ts'
import type { Group, ParsedProblem } from './problem.ts'
import { routeBetween } from './routes.ts'

/**
 * The formulas for the cost and the time of each part of a placement. The model adds the parts up and the explanation
 * lists them, so both always agree. The cost of data to the internet is not here, because all parts share its monthly
 * tiers (see {@link internetUsd}).
 */

/** The cost of a group in a place: transfer, requests and compute. */
export interface GroupUsd {
  readonly transfer: number
  readonly requests: number
  readonly compute: number
}

/** `b · p(source)`, plus one GET for every 16 MB and at least one for each object, plus GB-seconds at the place's price. */
export function groupUsd(group: Group, place: string, problem: ParsedProblem): GroupUsd {
  const gets = Math.max(group.objects, Math.ceil(group.bytes / S3_PERFORMANCE.rangeBytes))
  return {
    transfer: place === CLIENT ? 0 : transferUsd(group.region, place, group.bytes, problem.prices),
    requests: (gets / 1000) * s3RequestPrice(group.region, problem.prices).getUsdPer1000,
    compute: runUsd(place, workerSeconds(group, place, problem), problem),
  }
}

/** The cost of functions that run for `seconds` in total. The client costs nothing. */
function runUsd(place: string, seconds: number, { compute, prices }: ParsedProblem): number {
  if (place === CLIENT) return 0
  return (compute.memoryMB / 1024) * seconds * lambdaUsdPerGBSecond(place, compute.architecture, prices)
}

/** The seconds of all workers together for a group, which the slowest of link, network and CPU sets. */
function workerSeconds(group: Group, place: string, problem: ParsedProblem): number {
  const { workers } = problem.compute
  const route = routeBetween(group.region, place, problem, workers)
  return workers * Math.max(group.bytes / route.bytesPerSecond, secondsAt(placeLines(place, problem), group.bytes))
}

/** The times of a place for all bytes it gets, from any source: Lambda's token bucket, the client's line, and the CPU. */
export function placeLines(place: string, problem: ParsedProblem): readonly TimeLine[] {
  const { workers, throttled, places } = problem.compute
  const bytesPerSecond = places[place]?.bytesPerSecond ?? problem.compute.bytesPerSecond
  const cpu = bytesPerSecond === undefined ? [] : [{ seconds: 0, secondsPerByte: 1 / (bytesPerSecond * workers) }]
  if (place === CLIENT)
    return [...cpu, { seconds: 0, secondsPerByte: 8 / (problem.linkFactor * problem.clientLink!.bitsPerSecond) }]
  const unlimited = { connectionBytesPerSecond: Number.POSITIVE_INFINITY, connections: 1, workers }
  return throttled ? [...cpu, ...fetchLines(unlimited)] : cpu
}

/** The opening cost of a place, which is paid once if the place is used. */
export interface OpenUsd {
  /** `a · p(client)`: sending the agent to the place, and its PUT there. */
  readonly agent: number
  /** One invocation for each worker, and the cold starts, which AWS bills since August 2025. */
  readonly start: number
}

export function openUsd(place: string, problem: ParsedProblem): OpenUsd {
  if (place === CLIENT) return { agent: 0, start: 0 }
  const { client, agentBytes, prices, compute } = problem
  const put = s3RequestPrice(place, prices).putUsdPer1000 / 1000
  const invocations = compute.workers * lambdaUsdPerRequest(place, prices)
  return {
    agent: transferUsd(client, place, agentBytes, prices) + put,
    start: invocations + runUsd(place, compute.workers * compute.coldStartSeconds, problem),
  }
}

/** Seconds until a place starts to work: sending the agent, and a cold start. */
export function openSeconds(place: string, problem: ParsedProblem): number {
  const measured = problem.compute.places[place]?.startSeconds
  if (measured !== undefined || place === CLIENT) return measured ?? 0
  return problem.compute.coldStartSeconds + sendSeconds(problem.client, place, problem.agentBytes, problem)
}

/** Seconds to send bytes between two places over a new connection; 0 within a place. */
export function sendSeconds(from: string, to: string, bytes: number, problem: ParsedProblem): number {
  if (from === to) return 0
  const { exchangeSeconds, bytesPerSecond } = routeBetween(from, to, problem)
  return exchangeSeconds + bytes / bytesPerSecond
}

/** The cost and the time of merging all results in a place. */
export interface MergePart {
  readonly usd: number
  readonly seconds: number
}

/** One invocation that reads all results at Lambda's baseline rate. Merging on the client is free. */
export function mergePart(place: string, resultBytes: number, problem: ParsedProblem): MergePart {
  const { mergeSeconds, throttled } = problem.compute
  if (place === CLIENT) return { usd: 0, seconds: mergeSeconds }
  const seconds = mergeSeconds + (throttled ? resultBytes / LAMBDA_NETWORK.baselineBytesPerSecond : 0)
  return { usd: lambdaUsdPerRequest(place, problem.prices) + runUsd(place, seconds, problem), seconds }
}
