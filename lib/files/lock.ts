/** One process at a time may serve a local cloud: whoever holds the lock file. */
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { UsageError } from '../errors.ts'
import { explainFileError } from './file-error.ts'

/** Held until it is disposed. A process that dies without doing so leaves a lock that the next one takes over. */
export interface Lock extends AsyncDisposable {}

/**
 * Takes the lock at `path`.
 *
 * @throws UsageError `LOCAL_RUNNING` when a living process holds it
 */
export async function takeLock(path: string): Promise<Lock> {
  if (!(await create(path))) {
    const holder = await livingHolder(path)
    if (holder !== undefined) throw lockHeld(path, holder)
    await removeStale(path)
    if (!(await create(path))) throw lockHeld(path, await livingHolder(path))
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
}

/** The process that holds the lock; `undefined` when nobody does, or somebody who is gone. */
export async function livingHolder(path: string): Promise<number | undefined> {
  const [text, found] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => [])
  if (text === undefined || found === undefined) return undefined
  const pid = Number(text)
  // Ids are given anew after the machine starts, and in each container: an older lock says nothing, nor one of our own.
  const outlived = found.mtimeMs < Date.now() - uptime() * 1000 - 5000
  return Number.isInteger(pid) && pid > 1 && pid !== process.pid && !outlived && isAlive(pid) ? pid : undefined
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A link is made whole or not at all, so that nobody ever sees a lock without its holder. */
async function create(path: string): Promise<boolean> {
  const mine = `${path}.${process.pid}.new`
  try {
    await writeFile(mine, String(process.pid), { mode: 0o600 })
    await link(mine, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw explainFileError(error, path)
  } finally {
    await rm(mine, { force: true })
  }
}

/**
 * Takes a dead process's lock away. It is moved aside first and looked at again: another process may have taken it
 * over since, and its lock must come back.
 */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.old`
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  )
  if (!moved) return
  const holder = await livingHolder(aside)
  if (holder !== undefined) {
    await rename(aside, path)
    throw lockHeld(path, holder)
  }
  await rm(aside, { force: true })
}

/** What whoever comes second is told. */
export function lockHeld(path: string, holder: number | undefined): UsageError {
  return new UsageError('LOCAL_RUNNING', `a local cloud is served already, by process ${holder ?? 'unknown'}`, {
    remedy: `use it, or end it with lander local down; if that process is something else, remove ${path}`,
  })
}
