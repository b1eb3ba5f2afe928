import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createFileStore } from '../../lib/objects/filesystem.ts'
import type { ObjectStore } from '../../lib/objects/store.ts'
import { describeObjectStore, expectCode, listKeys, patternBytes, readChunks } from '../contracts/object-store.ts'

const bucket = 'contract'

async function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lander-files-'))
}

async function writeObject(root: string, key: string, body: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true })
  await writeFile(join(root, key), body)
}

describeObjectStore('a folder', {
  oddKeys: false,
  async open(seed) {
    const root = await makeFolder()
    for (const [name, objects] of Object.entries(seed)) {
      await mkdir(join(root, name))
      for (const [key, body] of Object.entries(objects)) await writeObject(join(root, name), key, body)
    }
    return {
      store: createFileStore({ root }),
      put: (name, key, body) => writeObject(join(root, name), key, body),
      close: () => rm(root, { recursive: true }),
    }
  },
})

let root: string
let store: ObjectStore

beforeEach(async () => {
  root = await makeFolder()
  store = createFileStore({ root })
  await writeObject(join(root, bucket), 'logs/a.txt', 'inside')
  await writeFile(join(root, 'secret.txt'), 'outside')
  onTestFinished(() => rm(root, { recursive: true }))
})

test.each([
  '../secret.txt',
  'logs/../../secret.txt',
  'logs/../logs/a.txt',
  './logs/a.txt',
  'logs//a.txt',
  '/logs/a.txt',
  'logs/a.txt/',
  'logs/a.txt/below',
  'logs/a.txt\0',
  '',
  '.',
  'n'.repeat(300),
])('the key %j names no object', async (key) => {
  await expectCode(store.stat({ bucket, key }), 'OBJECT_NOT_FOUND')
  await expectCode(readChunks(store, { bucket, key, etag: '', size: 1 }), 'OBJECT_NOT_FOUND')
})

test('an absolute key is below the bucket, not at the root of the file system', async () => {
  await expectCode(store.stat({ bucket, key: join(root, 'secret.txt') }), 'OBJECT_NOT_FOUND')
})

test.each(['..', '.', '', 'contract/logs', 'secret.txt', '../x'])('the name %j is no bucket', async (name) => {
  await expectCode(store.stat({ bucket: name, key: 'a.txt' }), 'BUCKET_NOT_FOUND')
  await expectCode(listKeys(store, { bucket: name }), 'BUCKET_NOT_FOUND')
})

test('a prefix with dots stays in the bucket', async () => {
  expect(await listKeys(store, { prefix: '../' })).toEqual([])
  expect(await listKeys(store, { prefix: 'logs/../' })).toEqual([])
})

test('neither follows nor lists links, for files, folders and buckets', async () => {
  await symlink(join(root, 'secret.txt'), join(root, bucket, 'file-link'))
  await symlink(root, join(root, bucket, 'folder-link'))
  await symlink(join(root, bucket), join(root, 'bucket-link'))
  expect(await listKeys(store)).toEqual(['logs/a.txt'])
  await expectCode(store.stat({ bucket, key: 'file-link' }), 'OBJECT_NOT_FOUND')
  await expectCode(store.stat({ bucket, key: 'folder-link/secret.txt' }), 'OBJECT_NOT_FOUND')
  await expectCode(store.stat({ bucket: 'bucket-link', key: 'logs/a.txt' }), 'BUCKET_NOT_FOUND')
})

test('the root itself may be a link', async () => {
  await symlink(root, `${root}-link`)
  onTestFinished(() => rm(`${root}-link`))
  const linked = createFileStore({ root: `${root}-link` })
  expect((await readChunks(linked, await linked.stat({ bucket, key: 'logs/a.txt' }))).join()).toBe('inside')
})

test.skipIf(process.platform === 'win32')('a pipe is no object, and does not block', async () => {
  execFileSync('mkfifo', [join(root, bucket, 'pipe')])
  expect(await listKeys(store)).toEqual(['logs/a.txt'])
  await expectCode(store.stat({ bucket, key: 'pipe' }), 'OBJECT_NOT_FOUND')
  await expectCode(readChunks(store, { bucket, key: 'pipe', etag: '', size: 1 }), 'OBJECT_NOT_FOUND')
})

test('fails a read if the file is touched, truncated or written during the read', async () => {
  const path = join(root, bucket, 'big')
  const changes = [
    () => utimes(path, 1, 1),
    () => truncate(path, 1_500_000),
    () => writeFile(path, patternBytes(3_000_000, 1)),
  ]
  for (const change of changes) {
    await writeFile(path, patternBytes(3_000_000))
    const object = await store.stat({ bucket, key: 'big' })
    const chunks = store.read({ ...object, start: 0, end: object.size })[Symbol.asyncIterator]()
    expect((await chunks.next()).done).toBe(false)
    await change()
    await expectCode(chunks.next(), 'OBJECT_CHANGED')
  }
})
