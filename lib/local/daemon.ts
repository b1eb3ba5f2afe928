/** The local cloud as a process of its own: who runs it, whether it answers, and how it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import type { LocalFleetFiles } from './fleet-files.ts'

const ProcessSchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  endpoint: v.pipe(v.string(), v.url()),
})

/** The process that serves the local cloud. */
export type LocalProcess = v.InferOutput<typeof ProcessSchema>

/** Says which process serves, for those who come later. */
export async function recordProcess(files: LocalFleetFiles, serving: LocalProcess): Promise<void> {
  await writeFile(files.process, JSON.stringify(serving))
}

export async function forgetProcess(files: LocalFleetFiles): Promise<void> {
  await rm(files.process, { force: true })
}

/**
 * The process that serves the local cloud now, or `undefined`. A record left behind by a crash does not count: the
 * process must answer, and say that it is the one.
 */
export async function findProcess(files: LocalFleetFiles): Promise<LocalProcess | undefined> {
  const text = await readFile(files.process, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const parsed = v.safeParse(ProcessSchema, parseJson(text))
  if (!parsed.success || (await servingPid(parsed.output.endpoint)) !== parsed.output.pid) return undefined
  return parsed.output
}

async function servingPid(endpoint: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${endpoint}/_lander/health`, { signal: AbortSignal.timeout(2000) })
    const { pid } = (await response.json()) as { pid?: unknown }
    return typeof pid === 'number' ? pid : undefined
  } catch {
    return undefined
  }
}

/** Ends the process and waits until it is gone. @throws UsageError `LOCAL_NOT_RUNNING` */
export async function endProcess(files: LocalFleetFiles): Promise<LocalProcess> {
  const serving = await findProcess(files)
  if (serving === undefined) {
    throw new UsageError('LOCAL_NOT_RUNNING', 'no local cloud is running', { remedy: 'start one with lander local up' })
  }
  process.kill(serving.pid, 'SIGTERM')
  for (let waited = 0; waited < 10_000 && isAlive(serving.pid); waited += 50) await sleep(50)
  return serving
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** How long a detached cloud may take until it serves. */
const START_MS = 30_000

/**
 * Starts this very program once more, apart from the terminal, and waits until it serves.
 *
 * @param args what the new process is called with
 * @throws UsageError `LOCAL_NOT_RUNNING` with the end of its log when it does not come up
 */
export async function detach(files: LocalFleetFiles, args: readonly string[]): Promise<LocalProcess> {
  const log = await open(files.log, 'w')
  const script = process.argv[1]!
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  const ended = once(child, 'exit').then(() => true)
  child.unref()
  for (let waited = 0; waited < START_MS; waited += 100) {
    const serving = await findProcess(files)
    if (serving?.pid === child.pid && serving !== undefined) return serving
    if (await Promise.race([ended, sleep(100, false)])) break
  }
  const said = (await readFile(files.log, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new UsageError('LOCAL_NOT_RUNNING', `the local cloud did not start: ${said}`, { remedy: `see ${files.log}` })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
