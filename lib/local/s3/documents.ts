import { createHash } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import { openPayload } from '../http/payload.ts'
import type { S3Call } from './call.ts'
import { requestedAlgorithm } from './checksum-headers.ts'
import { createChecksum } from './checksums.ts'
import { verifyDigests } from './ingest.ts'
import { parseXml } from './xml.ts'

/** More than the longest document S3 takes: 1,000 keys of 1,024 bytes, escaped. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024

/**
 * Reads a request's body as an XML document with the given root.
 *
 * @throws AwsError `MalformedXML`, `EntityTooLarge`, `BadDigest`, and what checking the payload throws.
 */
export async function readDocument({ request, headers, auth }: S3Call, root: string): Promise<unknown> {
  const payload = openPayload(request, auth.payload)
  if ((payload.length ?? 0) > MAX_DOCUMENT_BYTES) throw tooLarge()
  const body = await collect(payload.chunks)
  const etag = createHash('md5').update(body).digest('hex')
  const algorithm = requestedAlgorithm(headers)
  if (algorithm === undefined) verifyDigests(headers, payload.trailers, { etag })
  else {
    const checksum = createChecksum(algorithm)
    checksum.update(body)
    const value = await checksum.digest()
    verifyDigests(headers, payload.trailers, { etag, checksum: { algorithm, value, type: 'FULL_OBJECT' } })
  }
  return parseXml(body.toString('utf8'), root)
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const collected: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > MAX_DOCUMENT_BYTES) throw tooLarge()
    collected.push(chunk)
  }
  return Buffer.concat(collected)
}

function tooLarge(): AwsError {
  return new AwsError('EntityTooLarge', `A request document has at most ${MAX_DOCUMENT_BYTES} bytes`)
}
