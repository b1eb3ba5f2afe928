import { type BigIntStats, constants, type Dirent } from 'node:fs'
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ObjectError } from '../errors.ts'
import { bucketNotFound, hasCode, objectChanged, objectNotFound } from './object-errors.ts'
import { compareKeys } from './object-keys.ts'
import { checkRange, planParts } from './read-plan.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

/** Where a store of files lies. */
export interface FileStoreOptions {
  /** The folder that holds one folder per bucket. */
  readonly root: string
}

const CHUNK_BYTES = 2 ** 20

/** Read-only. O_NOFOLLOW refuses a link that replaced the file after the check; O_NONBLOCK keeps a pipe from blocking. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * A store of objects in files. Each bucket is a folder, and a key is the path below it.
 *
 * No key can name a file outside the root: a key with an empty, `.` or `..` segment is not found, and symbolic links are
 * neither followed nor listed. The etag is made of size, modification time and inode, so a file that is overwritten with
 * as many bytes within the resolution of the clock counts as unchanged.
 *
 * @example
 * const store = createFileStore({ root: 'data' }) // bucket "logs" is the folder data/logs
 */
export function createFileStore({ root }: FileStoreOptions): ObjectStore {
  return {
    stat: (ref, signal) => statObject(root, ref, signal),
    list: (query) => listObjects(root, query),
    read: (request) => readObject(root, request),
  }
}

async function statObject(root: string, ref: ObjectRef, signal?: AbortSignal): Promise<ObjectStat> {
  signal?.throwIfAborted()
  const path = await locateObject(root, ref)
  const stats = await attempt(ref, () => lstat(path, { bigint: true }))
  if (!stats.isFile()) throw objectNotFound(ref)
  return toStat(ref, stats)
}

async function* listObjects(root: string, { bucket, prefix = '', signal }: ListQuery): AsyncGenerator<ObjectStat> {
  const folder = await locateBucket(root, bucket)
  for await (const key of walkFolder(folder, '', prefix)) {
    signal?.throwIfAborted()
    const ref = { bucket, key }
    const stats = await present(() => attempt(ref, () => lstat(join(folder, key), { bigint: true })))
    if (stats?.isFile()) yield toStat(ref, stats)
  }
}

async function* readObject(root: string, request: ReadRequest): AsyncGenerator<Uint8Array> {
  request.signal?.throwIfAborted()
  const path = await locateObject(root, request)
  const file = await attempt(request, () => open(path, OPEN_FLAGS))
  try {
    checkRange(request, await checkVersion(file, request))
    for (const { start, end } of planParts(request.start, request.end, () => CHUNK_BYTES)) {
      request.signal?.throwIfAborted()
      yield await readChunk(file, request, start, end - start)
    }
  } finally {
    await file.close()
  }
}

/** Reads a chunk, and returns it only if the file is still the same version afterwards. */
async function readChunk(file: FileHandle, request: ReadRequest, position: number, length: number) {
  // Not from Node's buffer pool, which other buffers share, because the receiver may write to the chunk.
  const chunk = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await attempt(request, () => file.read(chunk, filled, length - filled, position + filled))
    if (bytesRead === 0) throw objectChanged(request)
    filled += bytesRead
  }
  await checkVersion(file, request)
  return chunk
}

/** Checks that the file is the requested version. @returns its size in bytes */
async function checkVersion(file: FileHandle, request: ReadRequest): Promise<number> {
  const stats = await attempt(request, () => file.stat({ bigint: true }))
  if (!stats.isFile()) throw objectNotFound(request)
  const { size, etag } = toStat(request, stats)
  if (etag !== request.etag) throw objectChanged(request)
  return size
}

function toStat({ bucket, key }: ObjectRef, { size, mtimeNs, ino }: BigIntStats): ObjectStat {
  const etag = [size, mtimeNs, ino].map((part) => part.toString(16)).join('-')
  return { bucket, key, size: Number(size), etag }
}

async function locateBucket(root: string, bucket: string): Promise<string> {
  const folder = join(root, bucket)
  const isFolder =
    isSegment(bucket) && (await present(() => attempt({ bucket, key: '' }, () => lstat(folder))))?.isDirectory()
  if (!isFolder) throw bucketNotFound(bucket)
  return folder
}

/**
 * The path of an object whose path has no link. The real path must equal the key exactly, so that on a file
 * system that ignores case only the listed key is found.
 */
async function locateObject(root: string, ref: ObjectRef): Promise<string> {
  const folder = await attempt(ref, async () => realpath(await locateBucket(root, ref.bucket)))
  if (!ref.key.split('/').every(isSegment)) throw objectNotFound(ref)
  const path = join(folder, ref.key)
  if ((await attempt(ref, () => realpath(path))) !== path) throw objectNotFound(ref)
  return path
}

/** Whether a name can only be that of an entry in a folder. */
function isSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && basename(name) === name
}

/**
 * The keys of the files below a folder that start with `prefix`, in order. A folder is sorted by its name with a slash,
 * because the keys below it begin so. Only folders that can contain the prefix are read.
 */
async function* walkFolder(bucketFolder: string, above: string, prefix: string): AsyncGenerator<string> {
  const ref = { bucket: basename(bucketFolder), key: above }
  const entries = await present(() => attempt(ref, () => readdir(join(bucketFolder, above), { withFileTypes: true })))
  const names = (entries ?? []).flatMap((entry) => nameEntry(above, entry))
  const wanted = names.filter((name) => name.startsWith(prefix) || (name.endsWith('/') && prefix.startsWith(name)))
  for (const name of wanted.sort(compareKeys)) {
    if (name.endsWith('/')) yield* walkFolder(bucketFolder, name, prefix)
    else yield name
  }
}

function nameEntry(above: string, entry: Dirent): string[] {
  if (entry.isDirectory()) return [`${above}${entry.name}/`]
  return entry.isFile() ? [`${above}${entry.name}`] : []
}

/** The result of `look`; `undefined` if the entry was removed in the meantime. */
async function present<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (hasCode(error, 'OBJECT_NOT_FOUND')) return undefined
    throw error
  }
}

/** The codes for a name that the file system can't have, and for a path with a file or a link in the middle. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENXIO']

/** Runs an operation on the file system and converts its errors to those of the port. */
async function attempt<T>(ref: ObjectRef, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof ObjectError) throw error
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    if (ABSENT.includes(code)) throw objectNotFound(ref, error)
    const name = `"${ref.bucket}/${ref.key}"`
    if (code === 'EACCES' || code === 'EPERM') {
      const remedy = 'give the user of this process permission to read the file and its folders'
      throw new ObjectError('OBJECT_FORBIDDEN', `the file system refused ${name} (${code})`, { remedy, cause: error })
    }
    throw new ObjectError('STORE_FAILED', `the file system failed on ${name} (${code})`, { cause: error })
  }
}
