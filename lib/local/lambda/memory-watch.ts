import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { listProcesses, type ProcessStat } from './proc.ts'

/** Watches the memory of running process groups; one clock for all of them. */
export interface MemoryWatch {
  /**
   * Calls `onSample` with the bytes the group holds, again and again until the returned function is called.
   */
  watch(group: number, onSample: (bytes: number) => void): () => void
  close(): void
}

/** The bytes that each of the named groups holds. A group without a process is missing. */
export type MemoryReader = (groups: ReadonlySet<number>) => Promise<ReadonlyMap<number, number>>

export interface MemoryWatchOptions {
  /** @default what the platform offers: /proc on Linux, `ps` elsewhere */
  readonly read?: MemoryReader
  /** Milliseconds between two looks. @default 100 on Linux, 1,000 elsewhere, where a look starts a process */
  readonly intervalMs?: number
}

const LINUX = process.platform === 'linux'

/**
 * A look is a sample: a group that grows at 1 GB/s is seen up to 100 MB too late. No clock runs while nobody watches.
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

/** What a group holds: own pages add up; shared ones count once, as large as the largest share. */
interface GroupMemory {
  readonly own: number
  readonly shared: number
}

/** One process of a group. */
export interface ProcessMemory {
  readonly group: number
  readonly residentBytes: number
  /** Of `residentBytes`, files and shared memory: every process has the same node binary in there. */
  readonly sharedBytes: number
}

/** Adds up processes the way Lambda's limit sees them, where a page that two processes share is one page. */
export function sumByGroup(processes: readonly ProcessMemory[]): ReadonlyMap<number, number> {
  const groups = new Map<number, GroupMemory>()
  for (const { group, residentBytes, sharedBytes } of processes) {
    const { own, shared } = groups.get(group) ?? { own: 0, shared: 0 }
    groups.set(group, { own: own + residentBytes - sharedBytes, shared: Math.max(shared, sharedBytes) })
  }
  return new Map([...groups].map(([group, { own, shared }]) => [group, own + shared]))
}

/** Bytes of a page: all of x86, and arm64 but for a few distributions built with larger pages. */
const SYSTEM_PAGE_BYTES = 4096

/** How many looks one list of all processes serves: to make it takes as long as many of them. */
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
