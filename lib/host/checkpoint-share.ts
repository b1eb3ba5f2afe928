/**
 * Each checkpoint ends a landing of its own, but the sandbox reports everything since the start of the run. These
 * functions compute the share of one landing. Pure.
 */
import type { JobResult, ObjectRead } from '../sandbox/contract/job.ts'
import type { Usage } from '../sandbox/contract/outcome.ts'

/** What a run did since the last checkpoint, or since its start. */
export function partSince(before: JobResult | undefined, now: JobResult): JobResult {
  if (before === undefined) return now
  return {
    ...now,
    usage: usedSince(before.usage, now.usage),
    logs: now.logs.slice(before.logs.length),
    ...(now.sent && { sent: now.sent.slice(before.sent?.length ?? 0) }),
    reads: readSince(before.reads, now.reads),
  }
}

function usedSince(before: Usage, now: Usage): Usage {
  const names = Object.keys(now) as (keyof Usage)[]
  const used = Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as unknown as Usage
  // Memory is a level, not a sum.
  return { ...used, memoryPages: now.memoryPages }
}

function readSince(before: readonly ObjectRead[], now: readonly ObjectRead[]): ObjectRead[] {
  const known = new Map(before.map((read) => [nameOf(read), read.bytesRead]))
  return now
    .map((read) => ({ ...read, bytesRead: read.bytesRead - (known.get(nameOf(read)) ?? 0) }))
    .filter((read) => read.bytesRead > 0)
}

const nameOf = ({ bucket, key, etag }: ObjectRead): string => JSON.stringify([bucket, key, etag])
