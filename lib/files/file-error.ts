import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../errors.ts'

/** What the system says of a path that can't be used, and what to do about it. */
const EXPLANATIONS: Readonly<Record<string, (path: string) => UsageError>> = {
  ENOENT: (path) => missing(path),
  ENOTDIR: (path) => unusable(`"${path}" leads through a file as if it were a folder`, 'correct the path'),
  EISDIR: (path) => unusable(`"${path}" is a folder, not a file`, 'name a file'),
  EEXIST: (path) => new UsageError('FILE_EXISTS', `"${path}" exists`, { remedy: 'choose another name' }),
  EACCES: (path) =>
    unusable(`"${path}" may not be used by this user`, 'change its permissions, or choose another place'),
  EPERM: (path) =>
    unusable(`"${path}" may not be used by this user`, 'change its permissions, or choose another place'),
  EROFS: (path) => unusable(`"${path}" lies in a file system that is read-only`, 'choose another place'),
  ENOSPC: (path) => unusable(`there is no room left for "${path}"`, 'free some, or choose another place'),
  ENAMETOOLONG: (path) => unusable(`"${path}" is longer than the file system allows`, 'choose a shorter name'),
}

/**
 * An error of the file system as one of usage: the path was the caller's. Anything else comes back as it is.
 *
 * @param path what to call it, where the system's error names none
 */
export function explainFileError(error: unknown, path?: string): unknown {
  const { code = '', path: named = path, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (!(error instanceof Error) || syscall === undefined || named === undefined) return error
  return EXPLANATIONS[code]?.(named) ?? error
}

/**
 * Makes a folder and those above it. Unlike `mkdir` with `recursive`, it ends where the system refuses with ENOENT
 * in a folder that exists, as below /proc.
 *
 * @throws UsageError `FILE_UNUSABLE`, `FILE_NOT_FOUND`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeUpwards(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainFileError(error, path)
    throw unusable(`"${path}" is a file, not a folder`, 'name a folder')
  }
}

async function makeUpwards(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (await isFolder(path)) return
    const above = dirname(path)
    if (code !== 'ENOENT' || above === path || (await isFolder(above))) throw error
    await makeUpwards(above)
    await mkdir(path)
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

function missing(path: string): UsageError {
  const folder = dirname(path)
  return existsSync(folder)
    ? new UsageError('FILE_NOT_FOUND', `"${path}" does not exist`, { remedy: 'check the path' })
    : new UsageError('FILE_NOT_FOUND', `there is no folder "${folder}"`, {
        remedy: 'make it, or choose another place',
      })
}

function unusable(fact: string, remedy: string): UsageError {
  return new UsageError('FILE_UNUSABLE', fact, { remedy })
}
