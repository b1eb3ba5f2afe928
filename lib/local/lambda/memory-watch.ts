import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { listProcesses, type ProcessStat } from './proc.ts'

/** Samples the memory of process groups, with one timer for all of them. */
export interface MemoryWatch {
  /** Calls `onSample` periodically with the bytes that the group uses. @returns a function that stops it */
  watch(group: number, onSample: (bytes: number) => void): () => void
  close(): void
}

/** Reads the bytes that each of the groups uses. Groups without processes are missing in the result. */
export type MemoryReader = (groups: ReadonlySet<number>) => Promise<ReadonlyMap<number, number>>

export interface MemoryWatchOptions {
  /** @default /proc on Linux, `ps` elsewhere */
  readonly read?: MemoryReader
  /** Milliseconds between two samples. @default 100 on Linux; 1,000 elsewhere, because a sample starts a process there */
  readonly intervalMs?: number
}

const LINUX = process.platform === 'linux'

/**
 * Creates a memory watch. Because it samples, a group that grows by 1 GB/s is noticed up to 100 MB too late. The timer
 * runs only while a group is watched.
 */
export function createMemoryWatch(options: MemoryWatchOptions = {}): MemoryWatch {
  const { read = LINUX ? createProcReader() : readPs, intervalMs = LINUX ? 100 : 1_000 } = options
  const watched = new Map<number, (bytes: number) => void>()
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    const used = await read(new Set(watched.keys())).catch(() => new Map<number, number>())
    for (const [group, bytes] of used) watched.get(group)?.(bytes)
    schedule()
  }
  function schedule(): void {
    timer = watched.size === 0 ? undefined : setTimeout(look, intervalMs).unref()
  }
  return {
    watch(group, onSample) {
      watched.set(group, onSample)
      if (timer === undefined) schedule()
      return () => void watched.delete(group)
    },
    close() {
      watched.clear()
      clearTimeout(timer)
    },
  }
}

/** The memory of a group. Private pages are added up; shared pages count once, by the largest share of a process. */
interface GroupMemory {
  readonly own: number
  readonly shared: number
}

/** The memory of one process. */
export interface ProcessMemory {
  readonly group: number
  readonly residentBytes: number
  /** The part of `residentBytes` that is shared, such as the node binary, which every process maps. */
  readonly sharedBytes: number
}

/** Adds up the memory of processes as Lambda's limit does, where a page that two processes share counts once. */
export function sumByGroup(processes: readonly ProcessMemory[]): ReadonlyMap<number, number> {
  const groups = new Map<number, GroupMemory>()
  for (const { group, residentBytes, sharedBytes } of processes) {
    const { own, shared } = groups.get(group) ?? { own: 0, shared: 0 }
    groups.set(group, { own: own + residentBytes - sharedBytes, shared: Math.max(shared, sharedBytes) })
  }
  return new Map([...groups].map(([group, { own, shared }]) => [group, own + shared]))
}

/** Bytes of a memory page on x86, and on arm64 except for a few distributions with larger pages. */
const SYSTEM_PAGE_BYTES = 4096

/** How many samples use one list of all processes, because making the list takes as long as many samples. */
const LOOKS_PER_LIST = 5

function createProcReader(): MemoryReader {
  let members: readonly ProcessStat[] = []
  let listedFor = ''
  let looks = 0
  return async (groups) => {
    const wanted = [...groups].join()
    if (wanted !== listedFor || ++looks >= LOOKS_PER_LIST) {
      members = listProcesses().filter(({ group }) => groups.has(group))
      listedFor = wanted
      looks = 0
    }
    return sumByGroup(members.map(({ id, group }) => ({ group, ...readMemory(id) })))
  }
}

function readMemory(id: string): Omit<ProcessMemory, 'group'> {
  try {
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${id}/statm`, 'latin1').split(' ').map(Number)
    return { residentBytes: resident * SYSTEM_PAGE_BYTES, sharedBytes: shared * SYSTEM_PAGE_BYTES }
  } catch {
    return { residentBytes: 0, sharedBytes: 0 } // ended while we looked
  }
}

async function readPs(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pgid=,rss='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const processes = rows.map(([group = 0, kib = 0]) => ({ group, residentBytes: kib * 1024, sharedBytes: 0 }))
  return sumByGroup(processes.filter(({ group }) => groups.has(group)))
}
