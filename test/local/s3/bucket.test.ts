import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bucket } from '../../../lib/local/s3/bucket.ts'
import type { Blob, StoredObject, UploadedPart } from '../../../lib/local/s3/records.ts'
import { openStorage } from '../../../lib/local/s3/storage.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-bucket-'))
})
afterEach(() => rm(dir, { recursive: true }))

const files = () => ({ dir: join(dir, 'b'), name: 'b', region: 'eu-west-1', fsync: false })
const journalPath = () => join(dir, 'b/journal.jsonl')

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  for (const char of text) yield Buffer.from(char)
}

const writeBlob = (bucket: Bucket, text: string) => bucket.blobs.write(chunksOf(text), () => {})

const objectOf = (key: string, blob: Blob): StoredObject => ({
  key,
  size: blob.size,
  etag: blob.id,
  modifiedAt: 1,
  headers: {},
  blobs: [blob],
  multipart: false,
})

async function put(bucket: Bucket, key: string, text: string): Promise<void> {
  await bucket.commit({ op: 'put', object: objectOf(key, await writeBlob(bucket, text)) })
}

async function textOf(bucket: Bucket, key: string): Promise<string | undefined> {
  const object = bucket.objects.get(key)
  if (object === undefined) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of bucket.blobs.read(object.blobs.map((blob) => ({ blob, start: 0, end: blob.size }))))
    chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function blobFiles(): Promise<string[]> {
  const entries = await readdir(join(dir, 'b/blobs'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

async function contents(bucket: Bucket): Promise<Record<string, string | undefined>> {
  const keys = Array.from({ length: bucket.objects.size }, (_, i) => bucket.objects.keyAt(i)!)
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await textOf(bucket, key)])))
}

describe('a bucket', () => {
  it('is the same after a restart, for any operations before', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b/c', 'ü\u2028\n', '😀'),
      text: fc.option(fc.string(), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await rm(files().dir, { recursive: true, force: true })
        const before = await Bucket.create(files(), 42)
        const expected = new Map<string, string>()
        for (const { key, text } of steps) {
          if (text === undefined) await before.commit({ op: 'delete', key })
          else await put(before, key, text)
          if (text === undefined) expected.delete(key)
          else expected.set(key, text)
        }
        await before.close()
        const after = await Bucket.open(files())
        expect(await contents(after)).toEqual(Object.fromEntries(expected))
        expect(after.createdAt).toBe(42)
        expect(await blobFiles()).toHaveLength(expected.size)
        await after.close()
      }),
      { numRuns: 25 },
    )
  })

  it('keeps uploads and their parts over a restart', async () => {
    const before = await Bucket.create(files(), 0)
    await before.commit({ op: 'upload', upload: { id: 'u', key: 'k', startedAt: 7, headers: { 'content-type': 'x' } } })
    const part = async (number: number, text: string): Promise<UploadedPart> => {
      const blob = await writeBlob(before, text)
      return { number, etag: blob.id, modifiedAt: 1, blob }
    }
    await before.commit({ op: 'part', upload: 'u', part: await part(1, 'replaced') })
    await before.commit({ op: 'part', upload: 'u', part: await part(1, 'one') })
    await before.commit({ op: 'part', upload: 'u', part: await part(2, 'left out') })
    await before.close()

    const after = await Bucket.open(files())
    const upload = after.uploads.get('u')!
    expect([...upload.parts.keys()]).toEqual([1, 2])
    expect(await blobFiles()).toHaveLength(2)
    const object = { ...objectOf('k', upload.parts.get(1)!.blob), multipart: true }
    await after.commit({ op: 'complete', upload: 'u', object })
    expect([await textOf(after, 'k'), after.uploads.size]).toEqual(['one', 0])
    expect(await blobFiles()).toHaveLength(1)
    await after.close()
  })

  it('deletes the parts of an aborted upload', async () => {
    const bucket = await Bucket.create(files(), 0)
    await bucket.commit({ op: 'upload', upload: { id: 'u', key: 'k', startedAt: 0, headers: {} } })
    const blob = await writeBlob(bucket, 'part')
    await bucket.commit({ op: 'part', upload: 'u', part: { number: 1, etag: 'e', modifiedAt: 0, blob } })
    await bucket.commit({ op: 'abort', upload: 'u' })
    expect(await blobFiles()).toEqual([])
    await bucket.close()
  })

  it('ignores a line that a crash truncated, and continues', async () => {
    const before = await Bucket.create(files(), 0)
    await put(before, 'whole', '1')
    await before.close()
    const line = (await readFile(journalPath(), 'utf8')).trimEnd().split('\n').at(-1)!
    await appendFile(journalPath(), line.replace('whole', 'torn'))

    const after = await Bucket.open(files())
    expect(await contents(after)).toEqual({ whole: '1' })
    await put(after, 'next', '2')
    await after.close()
    const again = await Bucket.open(files())
    expect(await contents(again)).toEqual({ whole: '1', next: '2' })
    await again.close()
  })

  it('refuses a damaged line in the middle', async () => {
    const bucket = await Bucket.create(files(), 0)
    await bucket.close()
    await appendFile(journalPath(), '{"op":"pu\n')
    await expect(Bucket.open(files())).rejects.toThrow(/line 2 of .*journal\.jsonl is damaged/)
  })

  it('removes leftovers of a crash', async () => {
    const before = await Bucket.create(files(), 0)
    await put(before, 'kept', '1')
    await writeBlob(before, 'nothing refers to this')
    await before.close()
    await (await Bucket.open(files())).close()
    expect(await blobFiles()).toHaveLength(1)
  })

  it('compacts a journal that mostly describes deleted objects', async () => {
    const before = await Bucket.create(files(), 0)
    const blob = await writeBlob(before, 'x')
    await writeFile(journalPath(), `${`${JSON.stringify({ op: 'put', object: objectOf('k', blob) })}\n`.repeat(1100)}`)
    await before.close()
    const after = await Bucket.open(files())
    expect(await contents(after)).toEqual({ k: 'x' })
    expect((await readFile(journalPath(), 'utf8')).trimEnd().split('\n')).toHaveLength(2)
    await after.close()
  })

  it('reports events in order, for any number of concurrent writes', async () => {
    const bucket = await Bucket.create({ ...files(), fsync: true }, 0)
    const blobs = await Promise.all(Array.from({ length: 50 }, (_, i) => writeBlob(bucket, `${i}`)))
    await Promise.all(blobs.map((blob) => bucket.commit({ op: 'put', object: objectOf('k', blob) })))
    await bucket.close()
    const after = await Bucket.open(files())
    expect(await textOf(after, 'k')).toBe('49')
    await after.close()
  })

  it('leaves nothing behind if the bytes end in an error', async () => {
    const bucket = await Bucket.create(files(), 0)
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('some')
      throw new Error('gone')
    }
    await expect(bucket.blobs.write(failing(), () => {})).rejects.toThrow('gone')
    expect(await blobFiles()).toEqual([])
    await bucket.close()
  })

  it('keeps the bytes of a replaced object until its last reader has finished', async () => {
    const bucket = await Bucket.create(files(), 0)
    await put(bucket, 'k', 'old')
    const old = bucket.objects.get('k')!.blobs
    const [first, second] = [bucket.blobs.pin(old), bucket.blobs.pin(old)]
    await put(bucket, 'k', 'new')
    first[Symbol.dispose]()
    expect(await blobFiles()).toHaveLength(2)
    second[Symbol.dispose]()
    await expect.poll(blobFiles).toHaveLength(1)
    await bucket.close()
  })

  it('commits nothing after it is closed', async () => {
    const bucket = await Bucket.create(files(), 0)
    await bucket.close()
    await expect(bucket.commit({ op: 'delete', key: 'k' })).rejects.toMatchObject({ code: 'NoSuchBucket' })
  })
})

describe('storage', () => {
  const open = () => openStorage({ dir, regions: ['eu-west-1', 'us-east-1'], fsync: false })

  it('finds the buckets of an earlier run, each in its region', async () => {
    const before = open()
    await before.create('one', 'eu-west-1', 5)
    await put(await before.create('two', 'us-east-1', 6), 'k', 'text')
    await before.close()
    const after = open()
    expect((await after.list()).map(({ name, region, createdAt }) => [name, region, createdAt])).toEqual([
      ['one', 'eu-west-1', 5],
      ['two', 'us-east-1', 6],
    ])
    expect(await textOf((await after.find('two'))!, 'k')).toBe('text')
    await after.close()
  })

  it('creates one bucket for many concurrent requests', async () => {
    const storage = open()
    const made = await Promise.all(Array.from({ length: 5 }, (_, i) => storage.create('b', 'eu-west-1', i)))
    expect(new Set(made).size).toBe(1)
    await expect(storage.create('b', 'us-east-1', 0)).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' })
    await storage.close()
  })

  it('removes only an empty bucket, permanently, and then allows its name again', async () => {
    const storage = open()
    const bucket = await storage.create('b', 'eu-west-1', 0)
    await put(bucket, 'k', 'x')
    await expect(storage.remove(bucket)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
    await bucket.commit({ op: 'delete', key: 'k' })
    await storage.remove(bucket)
    expect(await storage.find('b')).toBeUndefined()
    await expect(put(bucket, 'late', 'x')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    expect((await storage.create('b', 'us-east-1', 0)).objects.size).toBe(0)
    await storage.close()
    const after = open()
    expect((await after.list()).map(({ region }) => region)).toEqual(['us-east-1'])
    await after.close()
  })

  it('ignores a bucket whose creation was interrupted', async () => {
    await writeFile(join(dir, 'note'), 'not a region')
    const before = open()
    await before.create('b', 'eu-west-1', 0)
    await before.close()
    await rm(join(dir, 'eu-west-1/b/journal.jsonl'))
    expect(await open().find('b')).toBeUndefined()
  })

  it('completes an interrupted removal', async () => {
    await mkdir(join(dir, 'eu-west-1/.deleted-0/blobs'), { recursive: true })
    await writeFile(join(dir, 'eu-west-1/.deleted-0/journal.jsonl'), '')
    expect(await open().list()).toEqual([])
    expect(await readdir(join(dir, 'eu-west-1'))).toEqual([])
  })
})
