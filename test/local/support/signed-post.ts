import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { LocalCloud } from '../../../lib/local/cloud.ts'
import { REGION } from './cloud.ts'

export interface SignedPost {
  readonly headers?: Readonly<Record<string, string>>
  readonly region?: string
  readonly service?: string
  /** The body that is sent in place of the signed one. */
  readonly sent?: string
}

/** Sends a signed request of any shape, including those that no well-behaved client sends. */
export async function signedPost(cloud: LocalCloud, path: string, body: string, options: SignedPost = {}) {
  const { region = REGION, service = 'lambda', sent = body } = options
  const { hostname, port, host } = new URL(cloud.endpoint)
  const signer = new SignatureV4({ credentials: cloud.credentials, region, service, sha256: Sha256 })
  const headers = { host, ...options.headers }
  const request = { method: 'POST', protocol: 'http:', hostname, port: Number(port), path, query: {}, headers, body }
  const signed = await signer.sign(request)
  return fetch(cloud.endpoint + path, { method: 'POST', headers: signed.headers, body: sent })
}

class Sha256 {
  readonly #key
  #hash: Hash | Hmac
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#key = key as string | undefined
    this.#hash = this.#start()
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest())
  }
  reset(): void {
    this.#hash = this.#start()
  }
  #start(): Hash | Hmac {
    return this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key)
  }
}
