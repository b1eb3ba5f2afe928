/** A lock file, so that only one process at a time serves a local cloud. */
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { UsageError } from '../errors.ts'
import { explainFileError } from './file-error.ts'

/** A held lock. Disposing it releases it. If its process dies first, the next process takes the lock over. */
export interface Lock extends AsyncDisposable {}

/**
 * Takes the lock at `path`.
 *
 * @throws UsageError `LOCAL_RUNNING` if a running process holds it
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

/** The id of the running process that holds the lock; `undefined` if there is no lock or its process has ended. */
export async function livingHolder(path: string): Promise<number | undefined> {
  const [text, found] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => [])
  if (text === undefined || found === undefined) return undefined
  const pid = Number(text)
  // Process ids are reused after a reboot and in each container. So a lock from before the boot, or with our own id,
  // does not mean that its process runs.
  const outlived = found.mtimeMs < Date.now() - uptime() * 1000 - 5000
  return Number.isInteger(pid) && pid > 1 && pid !== process.pid && !outlived && isAlive(pid) ? pid : undefined
}

/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Creates the lock as a hard link, which is atomic: no process ever reads a lock file without an id in it. */
async function create(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}.new`
  try {
    await writeFile(own, String(process.pid), { mode: 0o600 })
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw explainFileError(error, path)
  } finally {
    await rm(own, { force: true })
  }
}

/**
 * Removes the lock of a process that has ended. It renames the file first and checks again, because another process may
 * have taken the lock over in between; then it puts that lock back.
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

/** The error for a process that finds the lock held. */
export function lockHeld(path: string, holder: number | undefined): UsageError {
  return new UsageError('LOCAL_RUNNING', `a local cloud is already running as process ${holder ?? 'unknown'}`, {
    remedy: `use it, or stop it with lander local down; if that process is something else, remove ${path}`,
  })
}
