import { type BigIntStats, constants, type Dirent } from 'node:fs'
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ObjectError } from '../errors.ts'
import { compareKeys } from './keys.ts'
import { bucketNotFound, hasCode, objectChanged, objectNotFound } from './object-errors.ts'
import { checkRange, planParts } from './plan.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore, ReadRequest } from './store.ts'

/** Where a store of files lies. */
export interface FileStoreOptions {
  /** The folder that holds one folder per bucket. */
  readonly root: string
}

const CHUNK_BYTES = 2 ** 20

/** Read only; a link put in place of the file after it was looked at fails, and a pipe does not block. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Objects in files: a folder per bucket, and a key is the path below it.
 *
 * Nothing outside the root can be named: a key with an empty, `.` or `..` segment is not found, and symbolic links
 * are neither followed nor listed. A version is size, time of change and inode; a file that is overwritten within
 * the resolution of its clock by as many bytes passes for unchanged.
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

/** A chunk leaves only if the file is the one it was after the chunk was read. */
async function readChunk(file: FileHandle, request: ReadRequest, position: number, length: number) {
  // Not from Node's pool, whose memory other buffers share: the chunk is the receiver's own.
  const chunk = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await attempt(request, () => file.read(chunk, filled, length - filled, position + filled))
    if (bytesRead === 0) throw objectChanged(request)
    filled += bytesRead
  }
  await checkVersion(file, request)
  return chunk
}

/** @returns The size in bytes. */
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
 * The path of an object, if it leads there without a link. The real path must spell the key exactly, so that a file
 * system that ignores case answers to no other key than the one it lists.
 */
async function locateObject(root: string, ref: ObjectRef): Promise<string> {
  const folder = await attempt(ref, async () => realpath(await locateBucket(root, ref.bucket)))
  if (!ref.key.split('/').every(isSegment)) throw objectNotFound(ref)
  const path = join(folder, ref.key)
  if ((await attempt(ref, () => realpath(path))) !== path) throw objectNotFound(ref)
  return path
}

/** Whether a name stands for an entry of its folder, and for nothing else. */
function isSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && basename(name) === name
}

/**
 * The keys of the files below a folder that start with `prefix`, in order. A folder sorts as its name with a slash,
 * which is how the keys below it begin; and only folders on the way to the prefix are entered.
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

/** What is not there any more when its turn comes is `undefined`. */
async function present<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (hasCode(error, 'OBJECT_NOT_FOUND')) return undefined
    throw error
  }
}

/** What the system says of a name it cannot hold, or of a path that leads through a file or a link. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENXIO']

/** Acts on the file system and says in the words of the port what it said. */
async function attempt<T>(ref: ObjectRef, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof ObjectError) throw error
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    if (ABSENT.includes(code)) throw objectNotFound(ref, error)
    const name = `"${ref.bucket}/${ref.key}"`
    if (code === 'EACCES' || code === 'EPERM') {
      const remedy = 'let the user this runs as read the file and its folders'
      throw new ObjectError('OBJECT_FORBIDDEN', `the file system refused ${name} (${code})`, { remedy, cause: error })
    }
    throw new ObjectError('STORE_FAILED', `the file system failed on ${name} (${code})`, { cause: error })
  }
}
