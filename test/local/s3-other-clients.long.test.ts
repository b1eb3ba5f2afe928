import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newBucketName, type S3Target, startTarget, TARGET_NAME } from './s3-target.ts'

const run = promisify(execFile)
const hasAwscli = spawnSync('aws', ['--version']).status === 0
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0
const MB = 1024 * 1024

let target: S3Target
let dir: string
let bucket: string

beforeAll(async () => {
  target = await startTarget()
  dir = await mkdtemp(join(tmpdir(), 'lander-clients-'))
})

afterAll(async () => {
  await target.close()
  await rm(dir, { recursive: true })
})

/** The configuration that a user of the local cloud sets: endpoint, region and keys. */
function environment(region: string = target.regions[0]): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    CLIENT: dir,
    AWS_ENDPOINT_URL: target.endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: target.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

async function aws(...args: string[]): Promise<string> {
  const { stdout } = await run('aws', args, { env: environment() })
  return stdout
}

async function python(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('python3', ['-c', script, ...args], { env: environment() })
  return stdout.trim()
}

describe.skipIf(!hasAwscli)(
  `awscli with ${TARGET_NAME}${hasAwscli ? '' : ' (skipped: there is no aws on the PATH)'}`,
  {
    timeout: 120_000,
  },
  () => {
    beforeAll(async () => {
      bucket = newBucketName()
      await aws('s3', 'mb', `s3://${bucket}`)
    })

    it('uploads a file in parts, moves it, and downloads it', async () => {
      const file = join(dir, 'parts')
      const body = randomBytes(20 * MB)
      await writeFile(file, body)
      await aws('s3', 'cp', file, `s3://${bucket}/cp/ü 1.bin`)
      await aws('s3', 'mv', `s3://${bucket}/cp/ü 1.bin`, `s3://${bucket}/cp/ü 2.bin`)
      expect(await aws('s3', 'ls', `s3://${bucket}/cp/`)).toMatch(/^\S+ \S+ +20971520 ü 2\.bin\n$/)
      await aws('s3', 'cp', `s3://${bucket}/cp/ü 2.bin`, `${file}.back`)
      expect((await readFile(`${file}.back`)).equals(body)).toBe(true)
    })

    it('syncs a folder once, downloads it, and removes it', async () => {
      const folder = join(dir, 'folder')
      await mkdir(join(folder, 'deep'), { recursive: true })
      for (const name of ['a.txt', 'b.txt', 'deep/c.txt']) await writeFile(join(folder, name), name)
      const sync = () => aws('s3', 'sync', folder, `s3://${bucket}/sync`, '--no-progress')
      expect((await sync()).match(/upload:/g)).toHaveLength(3)
      expect(await sync()).toBe('')
      const back = join(dir, 'back')
      await aws('s3', 'sync', `s3://${bucket}/sync`, back)
      expect((await readdir(back, { recursive: true })).sort()).toEqual(['a.txt', 'b.txt', 'deep', 'deep/c.txt'])
      const removed = await aws('s3', 'rm', '--recursive', `s3://${bucket}/sync`)
      expect(removed.match(/delete:/g)).toHaveLength(3)
    })

    it('puts with metadata, reads a range, and makes a URL', async () => {
      const file = join(dir, 'digits')
      await writeFile(file, '0123456789')
      const object = ['--bucket', bucket, '--key', 'digits']
      await aws('s3api', 'put-object', ...object, '--body', file, '--metadata', 'colour=blue')
      const reply = JSON.parse(await aws('s3api', 'get-object', ...object, '--range', 'bytes=-3', `${file}.part`))
      expect(reply).toMatchObject({ ContentRange: 'bytes 7-9/10', Metadata: { colour: 'blue' } })
      expect(await readFile(`${file}.part`, 'utf8')).toBe('789')
      await mkdir(join(dir, '.aws'))
      await writeFile(join(dir, '.aws/config'), '[default]\ns3 =\n  signature_version = s3v4\n')
      const url = (await aws('s3', 'presign', `s3://${bucket}/digits`)).trim()
      expect(await (await fetch(url)).text()).toBe('0123456789')
    })

    it('reports the reason of a refusal', async () => {
      const call = aws('s3api', 'get-object', '--bucket', bucket, '--key', 'nowhere', join(dir, 'nothing'))
      await expect(call).rejects.toThrow(/NoSuchKey/)
    })
  },
)

describe.skipIf(!hasBoto3)(
  `boto3 with ${TARGET_NAME}${hasBoto3 ? '' : ' (skipped: python3 has no boto3)'}`,
  {
    timeout: 120_000,
  },
  () => {
    beforeEach(() => {
      bucket = newBucketName()
    })

    it('puts, lists, gets and deletes with its defaults', async () => {
      const script = `
import boto3, sys, io
s3 = boto3.client('s3')
bucket = sys.argv[1]
s3.create_bucket(Bucket=bucket)
keys = ['plain', 'a b/c+d', 'odd//x', './y', 'ünï/😀', 'line\\rfeed']
for key in keys: s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
assert [o['Key'] for o in s3.list_objects_v2(Bucket=bucket)['Contents']] == sorted(keys, key=lambda k: k.encode())
for key in keys: assert s3.get_object(Bucket=bucket, Key=key)['Body'].read() == key.encode()
s3.upload_fileobj(io.BytesIO(b'x' * 17_000_000), bucket, 'big')
assert s3.head_object(Bucket=bucket, Key='big')['ContentLength'] == 17_000_000
assert s3.get_object(Bucket=bucket, Key='big', Range='bytes=-5')['Body'].read() == b'xxxxx'
s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': k} for k in keys + ['big']]})
assert s3.list_objects_v2(Bucket=bucket)['KeyCount'] == 0
s3.delete_bucket(Bucket=bucket)
print('done')`
      expect(await python(script, bucket)).toBe('done')
    })

    it.each(['CRC32', 'SHA1', 'SHA256'])('sends %s', async (algorithm) => {
      const script = `
import boto3, sys
s3 = boto3.client('s3')
bucket, algorithm = sys.argv[1:]
s3.create_bucket(Bucket=bucket)
put = s3.put_object(Bucket=bucket, Key='k', Body=b'123456789', ChecksumAlgorithm=algorithm)
head = s3.head_object(Bucket=bucket, Key='k', ChecksumMode='ENABLED')
assert put['Checksum' + algorithm] == head['Checksum' + algorithm]
print(s3.get_object(Bucket=bucket, Key='k')['Body'].read().decode())`
      expect(await python(script, bucket, algorithm)).toBe('123456789')
    })

    it('is redirected to the region that has the bucket', async () => {
      const script = `
import boto3, sys
bucket, here, there = sys.argv[1:]
boto3.client('s3', region_name=there).create_bucket(
    Bucket=bucket, CreateBucketConfiguration={'LocationConstraint': there})
print(boto3.client('s3', region_name=here).head_bucket(Bucket=bucket)['BucketRegion'])`
      expect(await python(script, bucket, ...target.regions)).toBe(target.regions[1])
    })

    it('writes under conditions', async () => {
      const script = `
import boto3, sys
from botocore.exceptions import ClientError
s3 = boto3.client('s3')
s3.create_bucket(Bucket=sys.argv[1])
s3.put_object(Bucket=sys.argv[1], Key='k', Body=b'1', IfNoneMatch='*')
try: s3.put_object(Bucket=sys.argv[1], Key='k', Body=b'2', IfNoneMatch='*')
except ClientError as error: print(error.response['Error']['Code'])`
      expect(await python(script, bucket)).toBe('PreconditionFailed')
    })
  },
)
