/** The local cloud as a process of its own: who runs it, whether it answers, and how it ends. */
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
  /** With TLS: path of the authority that signed its certificate. */
  ca: v.optional(v.string()),
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
  const record = await readFile(files.process, 'utf8').catch(() => undefined)
  if (record === undefined) return undefined
  const parsed = v.safeParse(ProcessSchema, parseJson(record))
  if (!parsed.success) return undefined
  const pid = await servingPid(parsed.output).catch(() => undefined)
  return pid === parsed.output.pid ? parsed.output : undefined
}

/** Where a cloud answers, and the authority to trust there. */
type Address = Pick<LocalProcess, 'endpoint' | 'ca'>

/**
 * Makes sure that a local cloud answers.
 *
 * @throws UsageError `LOCAL_NOT_RUNNING`; or `FILE_NOT_FOUND`, `CONFIG_INVALID` of the certificate
 * @throws UnreachableError `TLS_FAILED` when the server that answers has a certificate of another authority
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

/** The id of the process that answers; `undefined` if the answer is not a local cloud's. */
async function servingPid({ endpoint, ca }: Address): Promise<number | undefined> {
  const url = new URL('/_lander/health', endpoint)
  // Not fetch: it has no option for the authority to trust.
  const options = { agent: false as const, signal: AbortSignal.timeout(2000) }
  const asked =
    url.protocol === 'https:'
      ? getHttps(url, { ...options, ...(ca !== undefined && { ca: readCertificates(ca) }) })
      : getHttp(url, options)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const { pid } = (parseJson(await text(answer)) ?? {}) as { pid?: unknown }
  return typeof pid === 'number' ? pid : undefined
}

/** Ends the process and waits until it is gone. @throws UsageError `LOCAL_NOT_RUNNING` */
export async function endProcess(files: LocalFleetFiles): Promise<LocalProcess> {
  const serving = await findProcess(files)
  if (serving === undefined) throw notRunning()
  process.kill(serving.pid, 'SIGTERM')
  for (let waited = 0; waited < 10_000 && isAlive(serving.pid); waited += 50) await sleep(50)
  return serving
}

/** How long a detached cloud may take until it serves. */
const START_MS = 30_000

/** How long it may take to end when it did not. */
const END_MS = 5000

/** Tells a process that its parent waits for its {@link StartReport}. An IPC channel alone would not: some runners have one too. */
const DETACHED = 'LANDER_LOCAL_DETACHED'

/** What a detached cloud tells who started it. */
type StartReport = { readonly serving: true } | { readonly error: WireError }

/**
 * Starts this very program once more, apart from the terminal, and waits until it serves.
 *
 * @param args what the new process is called with
 * @throws LanderError the very error that kept it from starting
 * @throws UsageError `LOCAL_NOT_RUNNING` with the end of its log when it died without a word, or took too long
 */
export async function detach(files: LocalFleetFiles, args: readonly string[]): Promise<void> {
  // Appended to: whoever serves already may be writing there.
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
  // A child that had no time to say so was kept out by whoever holds the lock.
  const holder = await livingHolder(files.lock)
  if (holder !== undefined) throw lockHeld(files.lock, holder)
  const said = (await readFile(files.log, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new UsageError('LOCAL_NOT_RUNNING', `the local cloud did not start: ${said || 'it said nothing'}`, {
    remedy: `see ${files.log}`,
  })
}

/** `undefined` when the child ends, or says nothing in time. */
async function firstReport(child: ChildProcess): Promise<StartReport | undefined> {
  const signal = AbortSignal.timeout(START_MS)
  const said = once(child, 'message', { signal }).then(([report]) => report as StartReport)
  // Not its exit, which may be known before the last message is read; the channel closes after it.
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

/** Empties the log of a detached cloud: what is in it is of the one before. To be called under the lock. */
export async function startLog(files: LocalFleetFiles): Promise<void> {
  if (process.env[DETACHED]) await truncate(files.log)
}

/** Tells a parent that waits that this process serves, or why it does not. @returns whether one waits */
export async function reportStart(failure?: unknown): Promise<boolean> {
  if (!process.env[DETACHED] || !process.send || !process.connected) return false
  const report: StartReport =
    failure === undefined ? { serving: true } : { error: toWireError(explainFileError(failure)) }
  await new Promise((done) => process.send!(report, done))
  process.disconnect()
  return failure === undefined || failure instanceof LanderError
}
