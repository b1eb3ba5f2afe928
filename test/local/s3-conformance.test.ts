import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FOREIGN_ENDPOINT,
  newBucketName,
  presign,
  putAndHangUp,
  type S3Target,
  send,
  startTarget,
  TARGET_NAME,
} from './s3-target.ts'

const MB = 1024 * 1024

let target: S3Target
let client: S3Client
let bucket: string

beforeAll(async () => {
  target = await startTarget()
  client = target.client()
  bucket = await makeBucket()
})

afterAll(() => target.close())

async function makeBucket(): Promise<string> {
  const name = newBucketName()
  await client.send(new CreateBucketCommand({ Bucket: name }))
  return name
}

const put = (
  key: string,
  body: NonNullable<PutObjectCommandInput['Body']>,
  more: Partial<PutObjectCommandInput> = {},
) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, ...more, Body: body }))

async function getText(key: string, more: { Range?: string; IfMatch?: string; IfNoneMatch?: string } = {}) {
  const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...more }))
  return reply.Body!.transformToString()
}

/** Returns what a client sees of a failed call: the error's name and the HTTP status. */
async function failure(call: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof S3ServiceException)) throw error ?? new Error('the call did not fail')
  return { name: error.name, status: error.$metadata.httpStatusCode }
}

const md5 = (body: Buffer) => createHash('md5').update(body).digest('hex')

describe(`S3 conformance of ${TARGET_NAME}`, { timeout: 60_000 }, () => {
  describe('buckets', () => {
    it('creates a bucket, finds it with its region, and deletes it when it is empty', async () => {
      const name = await makeBucket()
      const head = await client.send(new HeadBucketCommand({ Bucket: name }))
      expect(head.BucketRegion).toBe(target.regions[0])
      await client.send(new DeleteBucketCommand({ Bucket: name }))
      expect(await failure(client.send(new HeadBucketCommand({ Bucket: name })))).toEqual({
        name: 'NotFound',
        status: 404,
      })
    })

    it('lists buckets', async () => {
      const { Buckets } = await client.send(new ListBucketsCommand({}))
      expect(Buckets!.map(({ Name }) => Name)).toContain(bucket)
      expect(Buckets!.find(({ Name }) => Name === bucket)!.CreationDate).toBeInstanceOf(Date)
    })

    it('refuses to delete a bucket that holds an object', async () => {
      const name = await makeBucket()
      await client.send(new PutObjectCommand({ Bucket: name, Key: 'one', Body: '1' }))
      expect(await failure(client.send(new DeleteBucketCommand({ Bucket: name })))).toEqual({
        name: 'BucketNotEmpty',
        status: 409,
      })
    })

    it('returns the location of a bucket in another region', async () => {
      const [, region] = target.regions
      const name = newBucketName()
      await target.client({ region }).send(new CreateBucketCommand({ Bucket: name }))
      const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: name }))
      expect(LocationConstraint).toBe(region)
    })

    it('refuses names that are not bucket names', async () => {
      const call = client.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' }))
      expect(await failure(call)).toEqual({ name: 'InvalidBucketName', status: 400 })
    })

    it('redirects to the region that has the bucket', async () => {
      const [here, there] = target.regions
      const name = newBucketName()
      await target.client({ region: there }).send(new CreateBucketCommand({ Bucket: name }))
      const call = target.client({ region: here }).send(new GetObjectCommand({ Bucket: name, Key: 'any' }))
      const error = await call.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } })
      expect((error as S3ServiceException).$response!.headers['x-amz-bucket-region']).toBe(there)
    })

    it('follows the redirect when the client may', async () => {
      const name = newBucketName()
      const elsewhere = target.client({ region: target.regions[1] })
      await elsewhere.send(new CreateBucketCommand({ Bucket: name }))
      await elsewhere.send(new PutObjectCommand({ Bucket: name, Key: 'far', Body: 'away' }))
      const follower = target.client({ followRegionRedirects: true })
      const { Body } = await follower.send(new GetObjectCommand({ Bucket: name, Key: 'far' }))
      expect(await Body!.transformToString()).toBe('away')
    })
  })

  describe('objects', () => {
    it('puts and gets one byte', async () => {
      await put('one-byte', 'x')
      expect(await getText('one-byte')).toBe('x')
    })

    it('puts and gets an empty object', async () => {
      await put('empty', '')
      expect(await getText('empty')).toBe('')
    })

    it('puts a stream of 10 MB, with a checksum in the trailer', async () => {
      const body = randomBytes(10 * MB)
      const chunks = Array.from({ length: 160 }, (_, i) => body.subarray(i * 65_536, (i + 1) * 65_536))
      const { ETag } = await put('stream', Readable.from(chunks), { ContentLength: body.length })
      expect(ETag).toBe(`"${md5(body)}"`)
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'stream' }))
      expect(md5(Buffer.from(await Body!.transformToByteArray()))).toBe(md5(body))
    })

    it('keeps metadata and headers', async () => {
      const kept = {
        ContentType: 'text/plain',
        CacheControl: 'no-cache',
        ContentEncoding: 'identity',
        ContentLanguage: 'rm',
      }
      await put('described', 'x', {
        ...kept,
        ContentDisposition: 'inline',
        Metadata: { colour: 'blue', 'two-words': 'a b' },
      })
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'described' }))
      expect(head).toMatchObject({ ...kept, ContentDisposition: 'inline', ContentLength: 1 })
      expect(head.Metadata).toEqual({ colour: 'blue', 'two-words': 'a b' })
      expect(head.LastModified).toBeInstanceOf(Date)
    })

    it('replaces an object', async () => {
      await put('twice', 'first')
      await put('twice', 'second')
      expect(await getText('twice')).toBe('second')
    })

    it.each([
      ['plain', 'bytes=2-4', '234', 'bytes 2-4/10'],
      ['past the end', 'bytes=8-99', '89', 'bytes 8-9/10'],
      ['suffix', 'bytes=-3', '789', 'bytes 7-9/10'],
      ['suffix longer than the object', 'bytes=-99', '0123456789', 'bytes 0-9/10'],
      ['open-ended', 'bytes=6-', '6789', 'bytes 6-9/10'],
    ])('gets a %s range', async (_, range, text, contentRange) => {
      await put('digits', '0123456789')
      const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'digits', Range: range }))
      expect(await reply.Body!.transformToString()).toBe(text)
      expect(reply.ContentRange).toBe(contentRange)
      expect(reply.$metadata.httpStatusCode).toBe(206)
    })

    it('refuses a range without bytes', async () => {
      await put('digits', '0123456789')
      expect(await failure(getText('digits', { Range: 'bytes=10-' }))).toEqual({ name: 'InvalidRange', status: 416 })
    })

    it('answers 404 with the code for a missing key and for a missing bucket', async () => {
      expect(await failure(getText('nowhere'))).toEqual({ name: 'NoSuchKey', status: 404 })
      const call = client.send(new GetObjectCommand({ Bucket: newBucketName(), Key: 'any' }))
      expect(await failure(call)).toEqual({ name: 'NoSuchBucket', status: 404 })
      const head = client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'nowhere' }))
      expect(await failure(head)).toEqual({ name: 'NotFound', status: 404 })
    })

    it('deletes an object, and accepts a missing one', async () => {
      await put('short-lived', 'x')
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'short-lived' }))
      expect(await failure(getText('short-lived'))).toMatchObject({ status: 404 })
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'short-lived' }))
    })

    it('deletes a batch, with keys that XML has to escape', async () => {
      const keys = ['batch/plain', 'batch/<&>"\'', 'batch/ space ', 'batch/ä/😀', 'batch/line\rfeed\n']
      for (const key of keys) await put(key, 'x')
      const Objects = [...keys, 'batch/never-there'].map((Key) => ({ Key }))
      const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
      expect(Deleted!.map(({ Key }) => Key).sort()).toEqual(Objects.map(({ Key }) => Key).sort())
      expect(Errors ?? []).toEqual([])
      const left = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'batch/' }))
      expect(left.KeyCount).toBe(0)
    })

    it('copies an object, and gives the copy new metadata if asked', async () => {
      await put('source/ä b', 'copy me', { Metadata: { from: 'source' } })
      const CopySource = `${bucket}/${encodeURIComponent('source/ä b')}`
      const { CopyObjectResult } = await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'copy', CopySource }))
      expect(CopyObjectResult!.ETag).toBe(`"${md5(Buffer.from('copy me'))}"`)
      expect(await getText('copy')).toBe('copy me')
      await client.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key: 'copy2',
          CopySource,
          MetadataDirective: 'REPLACE',
          Metadata: { from: 'me' },
        }),
      )
      const [kept, replaced] = await Promise.all(
        ['copy', 'copy2'].map((Key) => client.send(new HeadObjectCommand({ Bucket: bucket, Key }))),
      )
      expect(kept!.Metadata).toEqual({ from: 'source' })
      expect(replaced!.Metadata).toEqual({ from: 'me' })
    })

    it('copies under conditions, and not onto itself', async () => {
      const { ETag } = await put('conditional-source', 'x')
      const copy = (more: object) => {
        const CopySource = `${bucket}/conditional-source`
        return client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'conditional-copy', CopySource, ...more }))
      }
      expect(await failure(copy({ CopySourceIfNoneMatch: ETag }))).toMatchObject({ status: 412 })
      expect(await failure(copy({ CopySourceIfMatch: '"other"' }))).toMatchObject({ status: 412 })
      expect(await failure(copy({ Key: 'conditional-source' }))).toEqual({ name: 'InvalidRequest', status: 400 })
      await copy({ CopySourceIfMatch: ETag })
      expect(await getText('conditional-copy')).toBe('x')
    })

    it('refuses to copy a missing object', async () => {
      const call = client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'copy', CopySource: `${bucket}/nowhere` }))
      expect(await failure(call)).toEqual({ name: 'NoSuchKey', status: 404 })
    })

    it.each([
      ['two slashes', 'odd//double'],
      ['a leading slash', '/odd'],
      ['dots', './odd/../dots/./x'],
      ['only dots', '..'],
      ['unicode', 'odd/ünïcödé/日本/😀'],
      ['decomposed unicode, as it is', 'odd/u\u0308'],
      ['characters of URLs', 'odd/a+b c%20d?e=f&g#h;i'],
      ['characters of S3 signatures', "odd/!'()*~-_."],
      ['1,024 bytes', 'k'.repeat(1024)],
      ['1,024 bytes of umlauts', 'ö'.repeat(512)],
      ['case', 'ODD/Case'],
    ])('keeps a key with %s', async (_, key) => {
      await put(key, `at ${key}`)
      expect(await getText(key)).toBe(`at ${key}`)
      const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: key }))
      expect(listed.Contents!.map(({ Key }) => Key)).toContain(key)
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
    })

    it('distinguishes keys that differ only in case', async () => {
      await put('odd/case', 'lower')
      await put('odd/CASE', 'upper')
      expect(await Promise.all([getText('odd/case'), getText('odd/CASE')])).toEqual(['lower', 'upper'])
    })

    it('refuses a key of 1,025 bytes', async () => {
      expect(await failure(put('k'.repeat(1025), 'x'))).toEqual({ name: 'KeyTooLongError', status: 400 })
    })
  })

  describe('listings', () => {
    let full: string
    const keys = Array.from({ length: 2500 }, (_, i) => `year/${i % 5}/item-${String(i).padStart(4, '0')}`).sort()
    const list = (more: Partial<ListObjectsV2CommandInput>) =>
      client.send(new ListObjectsV2Command({ Bucket: full, ...more }))

    beforeAll(async () => {
      full = await makeBucket()
      const queue = [...keys, 'apple', 'zebra']
      const worker = async () => {
        for (let Key = queue.pop(); Key !== undefined; Key = queue.pop())
          await client.send(new PutObjectCommand({ Bucket: full, Key, Body: Key }))
      }
      await Promise.all(Array.from({ length: 16 }, worker))
    })

    it('pages through 2,500 keys in order, each once', async () => {
      const seen: string[] = []
      let token: string | undefined
      let pages = 0
      do {
        const page = await list({ Prefix: 'year/', ...(token === undefined ? {} : { ContinuationToken: token }) })
        seen.push(...(page.Contents ?? []).map(({ Key }) => Key!))
        token = page.NextContinuationToken
        pages++
      } while (token !== undefined)
      expect(seen).toEqual(keys)
      expect(pages).toBe(3)
    })

    it('lists a prefix with sizes and entity tags', async () => {
      const { Contents, IsTruncated, KeyCount } = await list({ Prefix: 'year/3/item-000' })
      expect(Contents!.map(({ Key }) => Key)).toEqual(['year/3/item-0003', 'year/3/item-0008'])
      expect(Contents![0]).toMatchObject({ Size: 16, ETag: `"${md5(Buffer.from('year/3/item-0003'))}"` })
      expect({ IsTruncated, KeyCount }).toEqual({ IsTruncated: false, KeyCount: 2 })
    })

    it('rolls keys up at a delimiter', async () => {
      const top = await list({ Delimiter: '/' })
      expect(top.Contents!.map(({ Key }) => Key)).toEqual(['apple', 'zebra'])
      expect(top.CommonPrefixes).toEqual([{ Prefix: 'year/' }])
      const years = await list({ Delimiter: '/', Prefix: 'year/' })
      expect(years.CommonPrefixes!.map(({ Prefix }) => Prefix)).toEqual([0, 1, 2, 3, 4].map((year) => `year/${year}/`))
      expect(years.Contents ?? []).toEqual([])
    })

    it('pages through common prefixes, each once', async () => {
      const seen: string[] = []
      let token: string | undefined
      do {
        const page = await list({
          Delimiter: '/',
          Prefix: 'year/',
          MaxKeys: 2,
          ...(token && { ContinuationToken: token }),
        })
        seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!))
        token = page.NextContinuationToken
      } while (token !== undefined)
      expect(seen).toEqual([0, 1, 2, 3, 4].map((year) => `year/${year}/`))
    })

    it('starts after a key, whether or not it exists', async () => {
      const after = await list({ StartAfter: 'year/4/item-2489', MaxKeys: 3 })
      expect(after.Contents!.map(({ Key }) => Key)).toEqual(['year/4/item-2494', 'year/4/item-2499', 'zebra'])
      const between = await list({ StartAfter: 'year/4/item-2495' })
      expect(between.Contents!.map(({ Key }) => Key)).toEqual(['year/4/item-2499', 'zebra'])
    })

    it('lists with version 1 and its marker', async () => {
      const first = await client.send(new ListObjectsCommand({ Bucket: full, Delimiter: '/', MaxKeys: 2 }))
      expect(first.NextMarker).toBe('year/')
      const second = await client.send(new ListObjectsCommand({ Bucket: full, Delimiter: '/', Marker: 'year/' }))
      expect(second.Contents!.map(({ Key }) => Key)).toEqual(['zebra'])
      expect(second.CommonPrefixes ?? []).toEqual([])
    })

    it('orders keys by their UTF-8 bytes', async () => {
      const name = await makeBucket()
      const odd = ['😀', '\uffee', 'z', 'é', 'a', 'B', 'a/b', 'a-b']
      for (const Key of odd) await client.send(new PutObjectCommand({ Bucket: name, Key, Body: 'x' }))
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: name }))
      const expected = odd.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(Contents!.map(({ Key }) => Key)).toEqual(expected)
    })

    it('encodes keys as in URLs if asked', async () => {
      const name = await makeBucket()
      await client.send(new PutObjectCommand({ Bucket: name, Key: 'a b/ü\n', Body: 'x' }))
      const { Contents, EncodingType } = await client.send(
        new ListObjectsV2Command({ Bucket: name, EncodingType: 'url' }),
      )
      expect(EncodingType).toBe('url')
      expect(decodeURIComponent(Contents![0]!.Key!.replaceAll('+', ' '))).toBe('a b/ü\n')
      expect(Contents![0]!.Key).not.toContain(' ')
    })
  })

  describe('conditions', () => {
    it('creates with If-None-Match: * once, and answers 412 from then on', async () => {
      await put('once', 'first', { IfNoneMatch: '*' })
      expect(await failure(put('once', 'second', { IfNoneMatch: '*' }))).toEqual({
        name: 'PreconditionFailed',
        status: 412,
      })
      expect(await getText('once')).toBe('first')
    })

    it('lets exactly one of 20 concurrent writes with If-None-Match: * succeed', async () => {
      const racers = Array.from({ length: 20 }, (_, i) => put('race', `racer ${i}`, { IfNoneMatch: '*' }))
      const results = await Promise.allSettled(racers)
      const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [`racer ${i}`] : []))
      expect(winners).toHaveLength(1)
      expect(await getText('race')).toBe(winners[0])
    })

    it('replaces with If-Match only if the tag matches', async () => {
      const { ETag } = await put('matched', 'first')
      await put('matched', 'second', { IfMatch: ETag! })
      expect(await failure(put('matched', 'third', { IfMatch: ETag! }))).toEqual({
        name: 'PreconditionFailed',
        status: 412,
      })
      expect(await failure(put('unmatched', 'x', { IfMatch: ETag! }))).toEqual({ name: 'NoSuchKey', status: 404 })
      expect(await getText('matched')).toBe('second')
    })

    it('gets with If-Match and If-None-Match', async () => {
      const { ETag } = await put('tagged', 'x')
      expect(await getText('tagged', { IfMatch: ETag! })).toBe('x')
      expect(await failure(getText('tagged', { IfMatch: '"other"' }))).toMatchObject({ status: 412 })
      expect(await getText('tagged', { IfNoneMatch: '"other"' })).toBe('x')
      expect(await failure(getText('tagged', { IfNoneMatch: ETag! }))).toMatchObject({ status: 304 })
    })

    it('gets with If-Modified-Since and If-Unmodified-Since', async () => {
      await put('dated', 'x')
      const get = (more: object) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'dated', ...more }))
      const [past, future] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)]
      expect(await failure(get({ IfUnmodifiedSince: past }))).toMatchObject({ status: 412 })
      expect(await failure(get({ IfModifiedSince: future }))).toMatchObject({ status: 304 })
      await get({ IfUnmodifiedSince: future, IfModifiedSince: past })
    })
  })

  describe('concurrency', () => {
    it('accepts 50 concurrent puts', async () => {
      const puts = Array.from({ length: 50 }, (_, i) => put(`crowd/${i}`, `${i}`))
      await Promise.all(puts)
      const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'crowd/' }))
      expect(KeyCount).toBe(50)
    })

    it('readers never see a mix of concurrent puts', async () => {
      const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(MB + i, i))
      await put('torn', bodies[0]!)
      const writes = Promise.all(bodies.map((body) => put('torn', body)))
      const digests = new Set(bodies.map(md5))
      for (let i = 0; i < 12; i++) {
        const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'torn' }))
        const digest = md5(Buffer.from(await Body!.transformToByteArray()))
        expect(ETag).toBe(`"${digest}"`)
        expect(digests).toContain(digest)
      }
      await writes
    })

    it('keeps the old object if a put is cut off', async () => {
      await put('aborted', 'the old object')
      const url = await presign(target, { method: 'PUT', bucket, key: 'aborted' })
      await putAndHangUp(url, 4 * MB, randomBytes(MB))
      expect(await getText('aborted')).toBe('the old object')
      await put('aborted', 'the new object')
      expect(await getText('aborted')).toBe('the new object')
    })
  })

  describe('multipart uploads', () => {
    const PART = 8 * MB

    async function upload(
      key: string,
      body: Buffer,
      algorithm?: ChecksumAlgorithm,
      type?: 'FULL_OBJECT' | 'COMPOSITE',
    ) {
      const named = { Bucket: bucket, Key: key }
      const chosen = { ...(algorithm && { ChecksumAlgorithm: algorithm }), ...(type && { ChecksumType: type }) }
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...named, ...chosen, Metadata: { a: 'b' } }),
      )
      const Parts = await Promise.all(
        Array.from({ length: Math.ceil(body.length / PART) }, async (_, i) => {
          const Body = body.subarray(i * PART, (i + 1) * PART)
          const command = new UploadPartCommand({
            ...named,
            UploadId,
            PartNumber: i + 1,
            Body,
            ...(algorithm && { ChecksumAlgorithm: algorithm }),
          })
          const { $metadata, ...part } = await client.send(command)
          expect($metadata.httpStatusCode).toBe(200)
          return { ...part, PartNumber: i + 1 }
        }),
      )
      return client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }))
    }

    it('puts 24 MB in parts and gets them back', async () => {
      const body = randomBytes(3 * PART - 17)
      const { ETag } = await upload('parts', body)
      expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
      const { Body, Metadata, ContentLength } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: 'parts' }),
      )
      expect(md5(Buffer.from(await Body!.transformToByteArray()))).toBe(md5(body))
      expect({ Metadata, ContentLength }).toEqual({ Metadata: { a: 'b' }, ContentLength: body.length })
    })

    it('gets a range that crosses parts, and a part by its number', async () => {
      const body = randomBytes(2 * PART)
      await upload('crossed', body)
      const get = async (more: object) => {
        const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'crossed', ...more }))
        return { bytes: Buffer.from(await reply.Body!.transformToByteArray()), count: reply.PartsCount }
      }
      const codec = await get({ Range: `bytes=${PART - 3}-${PART + 4}` })
      expect(codec.bytes).toEqual(body.subarray(PART - 3, PART + 5))
      const second = await get({ PartNumber: 2 })
      expect(second.bytes.equals(body.subarray(PART))).toBe(true)
      expect(second.count).toBe(2)
    })

    it.each([
      ['CRC32', 'COMPOSITE'],
      ['CRC32', 'FULL_OBJECT'],
      ['CRC32C', 'FULL_OBJECT'],
      ['CRC64NVME', 'FULL_OBJECT'],
      ['SHA1', 'COMPOSITE'],
      ['SHA256', 'COMPOSITE'],
    ] as const)('checks parts with %s, %s', async (algorithm, type) => {
      const body = randomBytes(PART + 1000)
      const key = `checked-${algorithm}-${type}`
      await upload(key, body, algorithm, type)
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
      const checksum = head[`Checksum${algorithm}`]!
      expect(head.ChecksumType).toBe(type)
      if (type === 'COMPOSITE') return expect(checksum).toMatch(/-2$/)
      const { [`Checksum${algorithm}` as const]: whole } = await put(`${key}-whole`, body, {
        ChecksumAlgorithm: algorithm,
      })
      expect(checksum).toBe(whole)
    })

    it('checks the size and the checksum of the whole that a completion states', async () => {
      const named = { Bucket: bucket, Key: 'stated' }
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...named, ChecksumAlgorithm: 'CRC64NVME' }),
      )
      const command = new UploadPartCommand({
        ...named,
        UploadId,
        PartNumber: 1,
        Body: '123456789',
        ChecksumAlgorithm: 'CRC64NVME',
      })
      const { ETag } = await client.send(command)
      const complete = (stated: object) => {
        const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
        return client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload, ...stated }))
      }
      expect(await failure(complete({ ChecksumCRC64NVME: 'AAAAAAAAAAA=' }))).toEqual({ name: 'BadDigest', status: 400 })
      expect(await failure(complete({ MpuObjectSize: 8 }))).toEqual({ name: 'InvalidRequest', status: 400 })
      await complete({ ChecksumCRC64NVME: 'rosUhgp5mIg=', MpuObjectSize: 9 })
      expect(await getText('stated')).toBe('123456789')
    })

    it('lists uploads and parts, and aborts uploads', async () => {
      const named = { Bucket: bucket, Key: 'abandoned' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(named))
      for (const PartNumber of [1, 2, 5])
        await client.send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body: `part ${PartNumber}` }))
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'aband' }))
      expect(Uploads!.map(({ UploadId }) => UploadId)).toEqual([UploadId])
      const first = await client.send(new ListPartsCommand({ ...named, UploadId, MaxParts: 2 }))
      expect(first.Parts!.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [1, 6],
        [2, 6],
      ])
      const rest = await client.send(
        new ListPartsCommand({ ...named, UploadId, PartNumberMarker: first.NextPartNumberMarker! }),
      )
      expect(rest.Parts!.map(({ PartNumber }) => PartNumber)).toEqual([5])
      await client.send(new AbortMultipartUploadCommand({ ...named, UploadId }))
      expect(await failure(client.send(new ListPartsCommand({ ...named, UploadId })))).toEqual({
        name: 'NoSuchUpload',
        status: 404,
      })
      expect(await failure(getText('abandoned'))).toMatchObject({ status: 404 })
    })

    it('refuses parts that are missing, out of order or too small', async () => {
      const named = { Bucket: bucket, Key: 'refused' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(named))
      const parts = await Promise.all(
        [1, 2].map(async (PartNumber) => {
          const { ETag } = await client.send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body: 'small' }))
          return { PartNumber, ETag: ETag! }
        }),
      )
      const complete = (Parts: { PartNumber: number; ETag: string }[]) =>
        failure(client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } })))
      expect(await complete([{ ...parts[0]!, PartNumber: 9 }])).toEqual({ name: 'InvalidPart', status: 400 })
      expect(await complete([{ ...parts[0]!, ETag: '"0"' }])).toEqual({ name: 'InvalidPart', status: 400 })
      expect(await complete([parts[1]!, parts[0]!])).toEqual({ name: 'InvalidPartOrder', status: 400 })
      expect(await complete(parts)).toEqual({ name: 'EntityTooSmall', status: 400 })
      await client.send(new AbortMultipartUploadCommand({ ...named, UploadId }))
    })

    it('copies a range of an object as a part', async () => {
      await put('part-source', '0123456789')
      const named = { Bucket: bucket, Key: 'part-copy' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(named))
      const CopySource = `${bucket}/part-source`
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({ ...named, UploadId, PartNumber: 1, CopySource, CopySourceRange: 'bytes=3-5' }),
      )
      const Parts = [{ PartNumber: 1, ETag: CopyPartResult!.ETag! }]
      await client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }))
      expect(await getText('part-copy')).toBe('345')
    })
  })

  describe('checksums', () => {
    const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
    /** Checksums of "123456789", the check value of CRC catalogues (CRC64NVME: NVM Express specification). */
    const CHECK = {
      CRC32: 'y/Q5Jg==',
      CRC32C: '4waSgw==',
      CRC64NVME: 'rosUhgp5mIg=',
      SHA1: '98O8HYCOBHMq32eZZczDTKeuNEE=',
      SHA256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=',
    }

    it.each(ALGORITHMS)('computes %s and gives it back', async (algorithm) => {
      const reply = await put(`sum-${algorithm}`, '123456789', { ChecksumAlgorithm: algorithm })
      expect(reply[`Checksum${algorithm}`]).toBe(CHECK[algorithm])
      const head = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: `sum-${algorithm}`, ChecksumMode: 'ENABLED' }),
      )
      expect(head[`Checksum${algorithm}`]).toBe(CHECK[algorithm])
      expect(head.ChecksumType).toBe('FULL_OBJECT')
    })

    it.each(ALGORITHMS)('takes %s in a trailer', async (algorithm) => {
      const body = Readable.from([Buffer.from('12345'), Buffer.from('6789')])
      const reply = await put(`trailer-${algorithm}`, body, { ChecksumAlgorithm: algorithm, ContentLength: 9 })
      expect(reply[`Checksum${algorithm}`]).toBe(CHECK[algorithm])
    })

    it.each(ALGORITHMS)('refuses a wrong %s and keeps the old object', async (algorithm) => {
      await put('guarded', 'old')
      const wrong = { [`Checksum${algorithm}`]: CHECK[algorithm] }
      expect(await failure(put('guarded', 'not 1 to 9', wrong))).toEqual({ name: 'BadDigest', status: 400 })
      expect(await getText('guarded')).toBe('old')
    })

    it('refuses a wrong Content-MD5', async () => {
      const ContentMD5 = createHash('md5').update('other').digest('base64')
      expect(await failure(put('md5', 'body', { ContentMD5 }))).toEqual({ name: 'BadDigest', status: 400 })
    })
  })

  describe('signatures', () => {
    it('refuses a wrong secret', async () => {
      const { accessKeyId } = target.credentials
      const stranger = target.client({ credentials: { accessKeyId, secretAccessKey: 'wrong' } })
      const call = stranger.send(new ListObjectsV2Command({ Bucket: bucket }))
      expect(await failure(call)).toEqual({ name: 'SignatureDoesNotMatch', status: 403 })
    })

    it('refuses an unknown key', async () => {
      const stranger = target.client({ credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'wrong' } })
      const call = stranger.send(new ListObjectsV2Command({ Bucket: bucket }))
      expect(await failure(call)).toEqual({ name: 'InvalidAccessKeyId', status: 403 })
    })

    it('refuses an anonymous request with an XML document', async () => {
      const { status, headers, text } = await send(`${target.endpoint}/${bucket}/any`)
      expect(status).toBe(403)
      expect(headers['content-type']).toBe('application/xml')
      expect(text).toContain('<Code>AccessDenied</Code>')
    })

    it('serves presigned GET and PUT', async () => {
      const key = 'presigned/ä +&=.txt'
      const putUrl = await presign(target, { method: 'PUT', bucket, key })
      expect((await send(putUrl, { method: 'PUT', body: 'by URL' })).status).toBe(200)
      const getUrl = await presign(target, { method: 'GET', bucket, key })
      expect(await send(getUrl)).toMatchObject({ status: 200, text: 'by URL' })
    })

    it('refuses a presigned URL for another key, another method, or after its time', async () => {
      await put('presigned/a', 'x')
      const url = await presign(target, { method: 'GET', bucket, key: 'presigned/a' })
      expect((await send(url.replace('presigned/a', 'presigned/b'))).text).toContain('SignatureDoesNotMatch')
      expect((await send(url, { method: 'DELETE' })).status).toBe(403)
      const signingDate = new Date(Date.now() - 61_000)
      const late = await presign(target, { method: 'GET', bucket, key: 'presigned/a', signingDate, expiresIn: 60 })
      expect(await send(late)).toMatchObject({ status: 403, text: expect.stringContaining('Request has expired') })
    })
  })

  it.skipIf(FOREIGN_ENDPOINT !== undefined)('says 501 to what it does not do', async () => {
    expect(await failure(client.send(new GetBucketAclCommand({ Bucket: bucket })))).toEqual({
      name: 'NotImplemented',
      status: 501,
    })
    const encrypted = put('encrypted', 'x', { ServerSideEncryption: 'aws:kms' })
    expect(await failure(encrypted)).toEqual({ name: 'NotImplemented', status: 501 })
  })
})
