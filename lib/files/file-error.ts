import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../errors.ts'

/** The error for each code that the file system reports about a path. */
const EXPLANATIONS: Readonly<Record<string, (path: string) => UsageError>> = {
  ENOENT: (path) => missing(path),
  ENOTDIR: (path) => unusable(`a part of the path "${path}" is a file, not a folder`, 'correct the path'),
  EISDIR: (path) => unusable(`"${path}" is a folder, not a file`, 'name a file'),
  EEXIST: (path) => new UsageError('FILE_EXISTS', `"${path}" exists`, { remedy: 'choose another name' }),
  EACCES: (path) =>
    unusable(`this user has no permission for "${path}"`, 'change its permissions, or use another path'),
  EPERM: (path) => unusable(`this user has no permission for "${path}"`, 'change its permissions, or use another path'),
  EROFS: (path) => unusable(`"${path}" is on a read-only file system`, 'use another path'),
  ENOSPC: (path) => unusable(`the disk is full; "${path}" can't be written`, 'free some space, or use another path'),
  ENAMETOOLONG: (path) => unusable(`"${path}" is longer than the file system allows`, 'choose a shorter name'),
}

/**
 * Converts an error of the file system to a UsageError, because the caller chose the path. Returns any other error
 * unchanged.
 *
 * @param path the path to report if the error names none
 */
export function explainFileError(error: unknown, path?: string): unknown {
  const { code = '', path: named = path, syscall } = (error ?? {}) as NodeJS.ErrnoException
  if (!(error instanceof Error) || syscall === undefined || named === undefined) return error
  return EXPLANATIONS[code]?.(named) ?? error
}

/**
 * Creates a folder and its missing parents. `mkdir` with `recursive` retries for ever where the system reports ENOENT
 * in a folder that exists, such as /proc; this function fails there.
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
        remedy: 'create it, or use another path',
      })
}

function unusable(fact: string, remedy: string): UsageError {
  return new UsageError('FILE_UNUSABLE', fact, { remedy })
}
