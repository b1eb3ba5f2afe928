/** One plain GET of an object over TLS that counts the chunks' bytes, to measure the speed of Node's own client. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { S3Client } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import type { ObjectRef } from '../../lib/objects/store.ts'

/** A signed request, which stays valid for some minutes. */
export interface SignedGet {
  readonly hostname: string
  readonly port: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The certificate to trust, PEM. */
  readonly ca: string
}

export interface GetTarget extends ObjectRef {
  /** `https://host:port` */
  readonly endpoint: string
  /** The path of the certificate to trust. */
  readonly ca: string
}

/** Signs a GET of an object with the client's credentials. */
export async function signGet(client: S3Client, { endpoint, ca, bucket, key }: GetTarget): Promise<SignedGet> {
  const { hostname, port, host } = new URL(endpoint)
  const path = `/${bucket}/${key}`
  const { sha256, credentials } = client.config
  const region = await client.config.region()
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256, uriEscapePath: false })
  const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signed = await signer.sign({ method: 'GET', protocol: 'https:', hostname, path, query: {}, headers })
  return { hostname, port, path, headers: signed.headers, ca: await readFile(ca, 'utf8') }
}

/** Reads the object; returns its bytes. */
export async function plainGet(request: SignedGet): Promise<number> {
  const [answer] = (await once(get(request), 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`the plain GET was answered with ${answer.statusCode}`)
  let received = 0
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  await finished(answer)
  return received
}

/**
 * Processes for plain GETs, used in turn. They share only the machine with the server. One process is not enough: its
 * speed varies by half with where its allocator finds memory, and stays the same for its lifetime.
 */
export interface PlainGets extends AsyncDisposable {
  /** Bytes per second. */
  rate(): Promise<number>
}

/** Starts this many processes for one request; each makes the request once to warm up. */
export async function startPlainGets(processes: number, request: SignedGet): Promise<PlainGets> {
  const children = Array.from({ length: processes }, () => fork(fileURLToPath(import.meta.url), ['--serve']))
  let turn = 0
  async function rate(): Promise<number> {
    const child = children[turn++ % processes]!
    child.send(request)
    const [measured] = (await once(child, 'message')) as [number]
    return measured
  }
  for (const _ of children) await rate()
  return {
    rate,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          const ended = once(child, 'exit')
          child.disconnect()
          await ended
        }),
      )
    },
  }
}

async function measureGet(request: SignedGet): Promise<void> {
  const begun = performance.now()
  const received = await plainGet(request)
  process.send?.((received / (performance.now() - begun)) * 1000)
}

if (process.argv[2] === '--serve' && process.argv[1] === fileURLToPath(import.meta.url))
  process.on('message', (request: SignedGet) => void measureGet(request))
