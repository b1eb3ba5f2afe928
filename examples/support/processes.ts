/** Measures the resources that the processes of a local fleet use, from /proc on Linux. */
import { readdir, readFile } from 'node:fs/promises'

/**
 * The interval between samples, in milliseconds. The kernel keeps a process's peak memory, so one sample before the
 * process ends is enough.
 */
const SAMPLE_MS = 500
/** Clock ticks per second in /proc, on x86-64 and ARM. */
const TICKS_PER_SECOND = 100

export interface ProcessUse {
  /** The largest peak memory of any of the processes, in bytes. */
  readonly largestBytes: number
  /** CPU seconds of all of them and of this process together. */
  readonly cpuSeconds: number
}

/** Watches this process's descendants while `work` runs. The resources are undefined if there is no /proc. */
export async function watchProcesses<Value>(
  work: () => Promise<Value>,
): Promise<{ value: Value; use: ProcessUse | undefined }> {
  let largestBytes = 0
  let ended = false
  const before = await cpuSeconds()
  const look = async () => {
    largestBytes = Math.max(largestBytes, ...(await descendants()).map(({ bytes }) => bytes))
  }
  const watching = (async () => {
    for (; !ended; await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))) await look()
  })()
  try {
    const value = await work()
    await look()
    const after = await cpuSeconds()
    return { value, use: largestBytes === 0 ? undefined : { largestBytes, cpuSeconds: after - before } }
  } finally {
    ended = true
    await watching
  }
}

/** The CPU time of ended processes is counted in the parent that waited for them. */
async function cpuSeconds(): Promise<number> {
  const { user, system } = process.cpuUsage()
  const all = await descendants()
  return all.reduce((sum, { ticks }) => sum + ticks / TICKS_PER_SECOND, (user + system) / 1e6)
}

interface Process {
  /** The peak memory so far. */
  readonly bytes: number
  readonly ticks: number
}

/** Lists all descendants of a process. The cost grows only with their number. */
async function descendants(pid: number | string = process.pid): Promise<Process[]> {
  const children = await childrenOf(pid)
  const below = await Promise.all(children.map(async (child) => [await readProcess(child), await descendants(child)]))
  return below.flat(2).filter((found) => found !== undefined)
}

/** Lists a process's children. In proc(5) each thread lists the children that it created. */
async function childrenOf(pid: number | string): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const read = (thread: string) => readFile(`/proc/${pid}/task/${thread}/children`, 'latin1').catch(() => '')
  const lists = await Promise.all(threads.map(read))
  return lists.flatMap((list) => list.split(' ').filter((child) => child !== ''))
}

/**
 * Parses a line of proc(5). The name can contain any character and ends at the last parenthesis; the fields after it
 * are numbered from 3.
 */
async function readProcess(pid: string): Promise<Process | undefined> {
  try {
    const [stat, status] = await Promise.all(
      ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1')),
    )
    const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ')
    const ticks = [14, 15, 16, 17].reduce((sum, field) => sum + Number(fields[field - 3]), 0)
    const kilobytes = /^VmHWM:\s+(\d+)/m.exec(status!)?.[1]
    return { bytes: Number(kilobytes ?? 0) * 1024, ticks }
  } catch {
    return undefined // It has ended meanwhile.
  }
}
