/** The process of the local cloud: starts it in the background, finds it, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { parseJson } from '../encoding/json.ts'
import { fromWireError, LanderError, toWireError, UnreachableError, UsageError, type WireError } from '../errors.ts'
import { explainFileError } from '../files/file-error.ts'
import { isAlive, livingHolder, lockHeld } from '../files/lock.ts'
import { readCertificates } from '../fleet/read-certificates.ts'
import { explainTls } from '../objects/tls-errors.ts'
import type { LocalFleetFiles } from './fleet-files.ts'

const ProcessSchema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
  endpoint: v.pipe(v.string(), v.url()),
  /** With TLS, the path of the authority that signed its certificate. */
  ca: v.optional(v.string()),
})

/** The process that serves the local cloud. */
export type LocalProcess = v.InferOutput<typeof ProcessSchema>

/** Records which process serves the local cloud. */
export async function recordProcess(files: LocalFleetFiles, serving: LocalProcess): Promise<void> {
  await writeFile(files.process, JSON.stringify(serving))
}

export async function forgetProcess(files: LocalFleetFiles): Promise<void> {
  await rm(files.process, { force: true })
}

/**
 * The process that serves the local cloud; `undefined` if there is none. The recorded process must answer with its own id,
 * so a record that a crash left behind does not count.
 */
export async function findProcess(files: LocalFleetFiles): Promise<LocalProcess | undefined> {
  const record = await readFile(files.process, 'utf8').catch(() => undefined)
  if (record === undefined) return undefined
  const parsed = v.safeParse(ProcessSchema, parseJson(record))
  if (!parsed.success) return undefined
  const pid = await servingPid(parsed.output).catch(() => undefined)
  return pid === parsed.output.pid ? parsed.output : undefined
}

/** The endpoint of a cloud, and the certificate authority to trust there. */
type Address = Pick<LocalProcess, 'endpoint' | 'ca'>

/**
 * Checks that a local cloud answers.
 *
 * @throws UsageError `LOCAL_NOT_RUNNING`; `FILE_NOT_FOUND` or `CONFIG_INVALID` for the certificate
 * @throws UnreachableError `TLS_FAILED` if the answering server has a certificate of another authority
 */
export async function requireServing(address: Address): Promise<void> {
  try {
    if ((await servingPid(address)) !== undefined) return
  } catch (error) {
    if (error instanceof LanderError) throw error
    const tls = explainTls(error)
    if (tls === undefined) throw notRunning()
    const fact = `the local cloud at ${address.endpoint} could not be reached: ${tls.why}`
    throw new UnreachableError('TLS_FAILED', fact, { remedy: tls.remedy, cause: error })
  }
  throw notRunning()
}

function notRunning(): UsageError {
  return new UsageError('LOCAL_NOT_RUNNING', 'no local cloud is running', { remedy: 'start one with lander local up' })
}

/** The process id in the answer; `undefined` if no local cloud answers. */
async function servingPid({ endpoint, ca }: Address): Promise<number | undefined> {
  const url = new URL('/_lander/health', endpoint)
  // fetch has no option for the authority to trust.
  const options = { agent: false as const, signal: AbortSignal.timeout(2000) }
  const asked =
    url.protocol === 'https:'
      ? getHttps(url, { ...options, ...(ca !== undefined && { ca: readCertificates(ca) }) })
      : getHttp(url, options)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const { pid } = (parseJson(await text(answer)) ?? {}) as { pid?: unknown }
  return typeof pid === 'number' ? pid : undefined
}

/** Stops the local cloud and waits until its process has ended. @throws UsageError `LOCAL_NOT_RUNNING` */
export async function endProcess(files: LocalFleetFiles): Promise<LocalProcess> {
  const serving = await findProcess(files)
  if (serving === undefined) throw notRunning()
  process.kill(serving.pid, 'SIGTERM')
  for (let waited = 0; waited < 10_000 && isAlive(serving.pid); waited += 50) await sleep(50)
  return serving
}

/** How long the start of a detached cloud may take. */
const START_MS = 30_000

/** How long a child that failed to start may take to end. */
const END_MS = 5000

/** Set in a process whose parent waits for a {@link StartReport}. An IPC channel is no proof, because some runners have one. */
const DETACHED = 'LANDER_LOCAL_DETACHED'

/** What a detached cloud reports to the process that started it. */
type StartReport = { readonly serving: true } | { readonly error: WireError }

/**
 * Starts this program again as a background process, and waits until it serves.
 *
 * @param args the arguments of the new process
 * @throws LanderError the error of the new process, if its start fails
 * @throws UsageError `LOCAL_NOT_RUNNING` with the end of its log, if it ended without a report or took too long
 */
export async function detach(files: LocalFleetFiles, args: readonly string[]): Promise<void> {
  // The log is opened for appending, because a running cloud may be writing to it.
  const log = await open(files.log, 'a').catch((error: unknown) => {
    throw explainFileError(error)
  })
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    env: { ...process.env, [DETACHED]: '1' },
  })
  await log.close()
  const report = await firstReport(child)
  if (child.connected) child.disconnect()
  if (report !== undefined && 'serving' in report) return child.unref()
  await endChild(child)
  if (report !== undefined) throw fromWireError({ remedy: `see ${files.log}`, ...report.error })
  // If another process holds the lock, that is why the child ended.
  const holder = await livingHolder(files.lock)
  if (holder !== undefined) throw lockHeld(files.lock, holder)
  const said = (await readFile(files.log, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new UsageError('LOCAL_NOT_RUNNING', `the local cloud did not start: ${said || 'its log is empty'}`, {
    remedy: `see ${files.log}`,
  })
}

/** The report of a child; `undefined` if it ends or does not report in time. */
async function firstReport(child: ChildProcess): Promise<StartReport | undefined> {
  const signal = AbortSignal.timeout(START_MS)
  const said = once(child, 'message', { signal }).then(([report]) => report as StartReport)
  // Wait for the channel to close and not for the exit, which can be reported before the last message is read.
  const ended = once(child, 'disconnect', { signal }).then(() => undefined)
  return Promise.race([said, ended]).catch(() => undefined)
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  if (await Promise.race([ended, sleep(END_MS, undefined, { ref: false })])) return
  child.kill('SIGKILL')
  await ended
}

/** Empties the log, which has the output of the previous cloud. The caller must hold the lock. */
export async function startLog(files: LocalFleetFiles): Promise<void> {
  if (process.env[DETACHED]) await truncate(files.log)
}

/** Reports to a waiting parent that this process serves, or why its start failed. @returns whether a parent waits */
export async function reportStart(failure?: unknown): Promise<boolean> {
  if (!process.env[DETACHED] || !process.send || !process.connected) return false
  const report: StartReport =
    failure === undefined ? { serving: true } : { error: toWireError(explainFileError(failure)) }
  await new Promise((done) => process.send!(report, done))
  process.disconnect()
  return failure === undefined || failure instanceof LanderError
}
