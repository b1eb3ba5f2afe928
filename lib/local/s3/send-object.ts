import type { ServerResponse } from 'node:http'
import type { BlobSlice, BlobStore } from './blobs.ts'

/** The size of two buffers that take turns: one is filled while the other is sent. */
const BUFFER_BYTES = 1024 * 1024
/** How many buffers are kept for the next answers, because allocating and clearing memory takes longer than filling it. */
const MAX_SPARE = 8
const spare: Buffer[] = []

/**
 * Streams slices into a response and ends it. It uses two buffers for any size: a buffer is filled again when the socket
 * has accepted all of it. If the client disconnects, the stream ends.
 */
export async function sendSlices(
  response: ServerResponse,
  blobs: BlobStore,
  slices: readonly BlobSlice[],
): Promise<void> {
  const total = slices.reduce((sum, { start, end }) => sum + end - start, 0)
  const buffers = [0, 1].map(() => ({ bytes: takeBuffer(total), sent: Promise.resolve() }))
  let turn = 0
  for (const { blob, start, end } of slices) {
    await using file = await blobs.openFile(blob)
    for (let at = start; at < end && !response.destroyed; ) {
      const buffer = buffers[turn++ % 2]!
      await buffer.sent
      const length = await file.read(buffer.bytes.subarray(0, end - at), at)
      buffer.sent = write(response, buffer.bytes.subarray(0, length))
      at += length
    }
  }
  response.end()
  for (const { bytes, sent } of buffers) void sent.then(() => keepBuffer(bytes))
}

function takeBuffer(total: number): Buffer {
  return total < BUFFER_BYTES ? Buffer.allocUnsafe(total) : (spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES))
}

function keepBuffer(buffer: Buffer): void {
  if (buffer.length === BUFFER_BYTES && spare.length < MAX_SPARE) spare.push(buffer)
}

/** Writes bytes. Resolves when they have been sent, or when the response is closed. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => resolve())
  })
}
