import { createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { startS3Server } from '../../lib/local/s3/server.ts'

/** The S3 under test: the project's own, or the one that `LANDER_S3_CONFORMANCE_ENDPOINT` names. */
export interface S3Target {
  readonly endpoint: string
  /** Two regions; buckets are created in the first by default. */
  readonly regions: readonly [string, string]
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  client(options?: S3ClientConfig): S3Client
  close(): Promise<void>
}

export const FOREIGN_ENDPOINT = process.env.LANDER_S3_CONFORMANCE_ENDPOINT
export const TARGET_NAME = FOREIGN_ENDPOINT ?? 'the local S3 (LANDER_S3_CONFORMANCE_ENDPOINT names another)'
const REGIONS = ['us-east-1', 'eu-west-1'] as const

export async function startTarget(): Promise<S3Target> {
  return FOREIGN_ENDPOINT === undefined ? startLocalTarget() : foreignTarget(FOREIGN_ENDPOINT)
}

async function startLocalTarget(): Promise<S3Target> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-s3-'))
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local/secret+key' }
  const { endpoint, close } = await startS3Server({
    dir,
    regions: REGIONS,
    credentials: new Map([[credentials.accessKeyId, credentials.secretAccessKey]]),
    fsync: false,
  })
  return targetAt(endpoint, credentials, async () => {
    await close()
    await rm(dir, { recursive: true })
  })
}

function foreignTarget(endpoint: string): S3Target {
  const { AWS_ACCESS_KEY_ID: accessKeyId = 'test', AWS_SECRET_ACCESS_KEY: secretAccessKey = 'test' } = process.env
  return targetAt(endpoint, { accessKeyId, secretAccessKey }, async () => {})
}

function targetAt(endpoint: string, credentials: S3Target['credentials'], stop: () => Promise<void>): S3Target {
  const clients: S3Client[] = []
  return {
    endpoint,
    regions: REGIONS,
    credentials,
    client(options = {}) {
      const client = new S3Client({ endpoint, region: REGIONS[0], credentials, forcePathStyle: true, ...options })
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) client.destroy()
      await stop()
    },
  }
}

/** Returns a name that is unique to this run. */
export function newBucketName(): string {
  return `lander-${randomBytes(8).toString('hex')}`
}

/** A SHA-256 constructor of the shape that the signer requires. */
export class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret))
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data))
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

export interface PresignOptions {
  readonly method: 'GET' | 'PUT'
  readonly bucket: string
  readonly key: string
  readonly headers?: Record<string, string>
  readonly expiresIn?: number
  readonly signingDate?: Date
}

/** Presigns a URL with the SDK's own signer. */
export async function presign(
  { endpoint, regions, credentials }: S3Target,
  { method, bucket, key, headers = {}, expiresIn = 60, signingDate = new Date() }: PresignOptions,
): Promise<string> {
  const { host, hostname, port, protocol } = new URL(endpoint)
  const signer = new SignatureV4({
    service: 's3',
    region: regions[0],
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
  })
  const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
  const signed = await signer.presign(
    {
      method,
      protocol,
      hostname,
      port: Number(port),
      path,
      query: {},
      headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...headers },
    },
    { expiresIn, signingDate, unhoistableHeaders: new Set(Object.keys(headers)) },
  )
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  )
  return `${endpoint}${path}?${query.join('&')}`
}

/** Starts a PUT of `promised` bytes, sends fewer, and disconnects after they were sent. */
export async function putAndHangUp(url: string, promised: number, sent: Buffer): Promise<void> {
  const request = httpRequest(url, { method: 'PUT', headers: { 'content-length': promised } })
  request.on('error', () => {})
  await new Promise<void>((resolve) => request.write(sent, () => resolve()))
  await new Promise<void>((resolve) => {
    request.once('close', () => resolve())
    request.destroy()
  })
}

/** Sends one request with node:http and exactly the given path. */
export async function send(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { method, headers }, resolve).on('error', reject).end(body)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() }
}
