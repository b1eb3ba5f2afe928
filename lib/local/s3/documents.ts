import { createHash } from 'node:crypto'
import { AwsError } from '../http/aws-error.ts'
import { openPayload } from '../http/payload.ts'
import type { S3Call } from './call.ts'
import { requestedAlgorithm } from './checksum-headers.ts'
import { createChecksum } from './checksums.ts'
import { verifyDigests } from './ingest.ts'
import type { ChecksumAlgorithm } from './records.ts'
import { parseXml } from './xml.ts'

/** More than the longest document that S3 accepts: 1,000 keys of 1,024 bytes, escaped. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024

/**
 * Reads the body of a request as an XML document with the given root.
 *
 * @throws AwsError `MalformedXML`, `EntityTooLarge`, and errors of the payload's checks
 */
export async function readDocument(call: S3Call, root: string): Promise<unknown> {
  return parseXml((await readBody(call)).body.toString('utf8'), root)
}

/**
 * Like {@link readDocument}, and checks the document against the checksums in the headers.
 *
 * @throws AwsError `BadDigest` in addition
 */
export async function readCheckedDocument(call: S3Call, root: string): Promise<unknown> {
  const { headers } = call
  const { body, trailers } = await readBody(call)
  const algorithm = requestedAlgorithm(headers)
  const etag = createHash('md5').update(body).digest('hex')
  const checksum = algorithm && { algorithm, value: await checksumOf(algorithm, body), type: 'FULL_OBJECT' as const }
  verifyDigests(headers, trailers, checksum === undefined ? { etag } : { etag, checksum })
  return parseXml(body.toString('utf8'), root)
}

async function checksumOf(algorithm: ChecksumAlgorithm, body: Buffer): Promise<string> {
  const checksum = createChecksum(algorithm)
  checksum.update(body)
  return checksum.digest()
}

async function readBody({ request, auth }: S3Call): Promise<{ body: Buffer; trailers: ReadonlyMap<string, string> }> {
  const { chunks, trailers, length = 0 } = openPayload(request, auth.payload)
  if (length > MAX_DOCUMENT_BYTES) throw tooLarge()
  return { body: await collect(chunks), trailers }
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
