import { once } from 'node:events'
import { createServer as createPlainServer } from 'node:http'
import { createServer, get, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { locateBucket } from '../../lib/fleet/locate-bucket.ts'
import { makeCertificates } from '../../lib/local/tls/certificates.ts'
import { createS3Client } from '../../lib/objects/s3.ts'
import { explainTls } from '../../lib/objects/tls-errors.ts'

const DAY_MS = 86_400_000
const { ca, cert, key } = makeCertificates(Date.now())

async function listen(server = createServer({ cert, key })): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Returns the error with which Node's own client fails. */
async function explain(port: number, trusted: string, options: RequestOptions = {}) {
  const error = await once(get({ host: '127.0.0.1', port, ca: trusted, agent: false, ...options }), 'response').catch(
    (error: unknown) => error,
  )
  return explainTls(error)
}

describe('a TLS failure is reported', () => {
  test('for a certificate that no trusted authority has signed', async () => {
    const { ca: another } = makeCertificates(Date.now())
    expect(await explain(await listen(), another)).toEqual({
      why: 'its certificate is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      remedy: expect.stringContaining('"ca" in the fleet file'),
    })
  })

  test('for a certificate of another host', async () => {
    const explained = await explain(await listen(), ca, { servername: 'elsewhere.example' })
    expect(explained?.why).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test.each([-400, 2])('for a certificate that is valid from day %d on', async (days) => {
    const then = makeCertificates(Date.now() + days * DAY_MS)
    const port = await listen(createServer(then))
    expect(await explain(port, then.ca)).toEqual({
      why: `its certificate is not valid today (${days < 0 ? 'CERT_HAS_EXPIRED' : 'CERT_NOT_YET_VALID'})`,
      remedy: expect.stringContaining('set the clock'),
    })
  })

  test('for a server without TLS', async () => {
    expect(await explain(await listen(createPlainServer() as never), ca)).toEqual({
      why: 'it does not speak TLS (EPROTO)',
      remedy: 'write http:// for https:// in the endpoint',
    })
  })

  test('to callers of the S3 store', async () => {
    const endpoint = `https://127.0.0.1:${await listen()}`
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
    const client = createS3Client({ region: 'eu-west-1', endpoint, credentials, ca: makeCertificates(Date.now()).ca })
    onTestFinished(() => client.destroy())
    await expect(locateBucket(client, 'logs')).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      remedy: expect.stringContaining('"ca" in the fleet file'),
    })
  })
})

test('and other errors are unchanged', () => {
  for (const error of [undefined, new Error('other'), { code: 'ECONNREFUSED' }])
    expect(explainTls(error)).toBeUndefined()
})
