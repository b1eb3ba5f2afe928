/** What the processes of a fleet on this machine use, as Linux tells in /proc. */
import { readdir, readFile } from 'node:fs/promises'

const SAMPLE_MS = 100
/** Ticks of the clock in /proc and bytes of a page, as on x86-64 and most of ARM. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

export interface ProcessUse {
  /** Most memory of any one of them at any time. */
  readonly largestBytes: number
  /** Time on processors of all of them and of this process, in sum. */
  readonly cpuSeconds: number
}

/** Watches this process's descendants while `work` goes on. What they used is undefined where there is no /proc. */
export async function watchProcesses<Value>(
  work: () => Promise<Value>,
): Promise<{ value: Value; use: ProcessUse | undefined }> {
  let largestBytes = 0
  let ended = false
  const before = await cpuSeconds()
  const watching = (async () => {
    for (; !ended; await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS)))
      largestBytes = Math.max(largestBytes, ...(await descendants()).map(({ bytes }) => bytes))
  })()
  try {
    const value = await work()
    const after = await cpuSeconds()
    return { value, use: largestBytes === 0 ? undefined : { largestBytes, cpuSeconds: after - before } }
  } finally {
    ended = true
    await watching
  }
}

/** Those that have ended are counted by the parent that waited for them. */
async function cpuSeconds(): Promise<number> {
  const { user, system } = process.cpuUsage()
  const all = await descendants()
  return all.reduce((sum, { ticks }) => sum + ticks / TICKS_PER_SECOND, (user + system) / 1e6)
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly bytes: number
  readonly ticks: number
}

async function descendants(): Promise<Process[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const all = (await Promise.all(pids.map(readProcess))).filter((found) => found !== undefined)
  const below = (pid: number): Process[] =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)])
  return below(process.pid)
}

/** proc(5): the name may hold anything but ends at the last parenthesis; the fields that follow are numbered from 3. */
async function readProcess(pid: string): Promise<Process | undefined> {
  try {
    const [stat, statm] = await Promise.all(['stat', 'statm'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1')))
    const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ')
    const number = (field: number) => Number(fields[field - 3])
    const bytes = Number(statm!.split(' ')[1]) * PAGE_BYTES
    return { pid: Number(pid), parent: number(4), bytes, ticks: number(14) + number(15) + number(16) + number(17) }
  } catch {
    return undefined // It has ended meanwhile.
  }
}
