/** Measures the memory of the function instances of this program's local cloud. Needs Linux, because it reads /proc. */
import { readdir, readFile } from 'node:fs/promises'

/** Peak resident memory of a function's two processes, in MB. */
export interface PeakMemory {
  host: number
  executor: number
}

/** Samples the peaks every 50 ms while `work` runs. */
export async function watchMemory<T>(peak: PeakMemory, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => sample(peak), 50)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

async function sample(peak: PeakMemory): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const processes = await Promise.all(pids.map(describeProcess))
  const mine = descendants(processes.filter((found) => found !== undefined))
  for (const { command, residentMb } of mine) {
    if (command.includes('executor.mjs')) peak.executor = Math.max(peak.executor, residentMb)
    else if (command.includes('/runtime/')) peak.host = Math.max(peak.host, residentMb)
  }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly residentMb: number
}

async function describeProcess(pid: string): Promise<Process | undefined> {
  try {
    const [status, command] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { pid: Number(pid), parent: field('PPid'), command, residentMb: (field('VmRSS') * 1024) / 1e6 }
  } catch {
    return undefined // It ended in between.
  }
}

function descendants(processes: readonly Process[]): Process[] {
  const byPid = new Map(processes.map((found) => [found.pid, found]))
  const isMine = ({ parent }: Process): boolean => {
    const up = byPid.get(parent)
    return parent === process.pid || (up !== undefined && isMine(up))
  }
  return processes.filter(isMine)
}
