import { type Operation, requireBucket, xmlReply } from './call.ts'
import { readCheckedDocument } from './documents.ts'
import { removeObject } from './objects.ts'
import { buildXml, children, childText, malformedXml } from './xml.ts'

/** The most keys of one request (S3 API Reference, DeleteObjects). */
const MAX_KEYS = 1000

export const deleteObjects: Operation = async (call) => {
  const bucket = await requireBucket(call)
  const document = await readCheckedDocument(call, 'Delete')
  const keys = children(document, 'Object').map(readKey)
  if (keys.length === 0 || keys.length > MAX_KEYS) throw malformedXml()
  await Promise.all(keys.map((key) => removeObject(bucket, key)))
  const quiet = childText(document, 'Quiet') === 'true'
  return xmlReply(buildXml('DeleteResult', { Deleted: quiet ? [] : keys.map((key) => ({ Key: key })) }))
}

function readKey(element: unknown): string {
  const key = childText(element, 'Key')
  if (key === undefined || key === '') throw malformedXml()
  return key
}
