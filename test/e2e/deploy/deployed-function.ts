import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FunctionConfiguration, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { Emulator } from './emulator.ts'

/** A function as it lies in the cloud: what is configured, and its code, taken back. */
export interface DeployedFunction {
  readonly configuration: FunctionConfiguration
  /** SHA-256 of the archive in the asset bucket, base64, as Lambda says it. */
  readonly codeSha256: string
  /** The archive unpacked. */
  readonly codeDir: string
}

export interface TakeBackOptions {
  readonly emulator: Emulator
  /** A folder for what is taken back. */
  readonly into: string
}

/** Takes a deployed function's code back out of the bucket it was deployed from. */
export async function takeBack(
  region: string,
  name: string,
  { emulator: { endpoint }, into }: TakeBackOptions,
): Promise<DeployedFunction> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const lambda = new LambdaClient({ region, endpoint, credentials })
  const s3 = new S3Client({ region, endpoint, credentials })
  try {
    const { Code, Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: name }))
    const archive = await download(s3, region, new URL(Code!.Location!).pathname.split('/').at(-1)!)
    const codeSha256 = createHash('sha256').update(archive).digest('base64')
    return { configuration: Configuration!, codeSha256, codeDir: await unpack(archive, into) }
  } finally {
    lambda.destroy()
    s3.destroy()
  }
}

/** The name of the bucket that `cdk bootstrap` made for assets. */
export const assetBucket = (region: string): string => `cdk-hnb659fds-assets-123456789012-${region}`

async function download(s3: S3Client, region: string, key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: assetBucket(region), Key: key }))
  return Body!.transformToByteArray()
}

async function unpack(archive: Uint8Array, into: string): Promise<string> {
  const folder = await mkdtemp(join(into, 'deployed-'))
  const zip = join(folder, 'code.zip')
  await writeFile(zip, archive)
  const codeDir = join(folder, 'code')
  const { status, stderr } = spawnSync('python3', ['-m', 'zipfile', '-e', zip, codeDir], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the deployed archive can't be unpacked: ${stderr}`)
  return codeDir
}
