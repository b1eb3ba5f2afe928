import { InternalError } from '../errors.ts'

// Loaded at run time, because a static import of node:zlib would keep this module out of browsers.
const zlib = globalThis.process?.getBuiltinModule?.('node:zlib')

/** Brotli's quality goes from 0, the fastest, to 11, the smallest. */
const MAX_QUALITY = 11

/**
 * Compresses with Brotli. Equal bytes give equal results. The default quality suits bytes that are compressed once and
 * sent often; it takes seconds for 4 MB.
 */
export function compress(bytes: Uint8Array, { quality = MAX_QUALITY }: { quality?: number } = {}): Uint8Array {
  const { brotliCompressSync, constants } = requireZlib()
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  return new Uint8Array(brotliCompressSync(bytes, { params }))
}

/**
 * Decompresses a Brotli stream that must give exactly `length` bytes and must end where `bytes` ends. It never
 * allocates more than `length` bytes, so a decompression bomb does no harm.
 *
 * @throws SyntaxError if the stream is broken, gives more or fewer bytes, or other bytes follow it
 */
export function inflateExactly(bytes: Uint8Array, length: number): Uint8Array {
  const { inflated, consumed } = inflateWithin(bytes, length)
  if (inflated.length !== length) throw new SyntaxError('the stream is shorter than stated')
  // Node ignores bytes after the end of the stream.
  if (consumed !== bytes.length) throw new SyntaxError('bytes follow the stream')
  return inflated
}

function inflateWithin(bytes: Uint8Array, length: number): { inflated: Uint8Array; consumed: number } {
  const { brotliDecompressSync } = requireZlib()
  try {
    const options = { maxOutputLength: Math.max(length, 1), info: true }
    // With `info`, Node returns an object instead of the declared buffer (nodejs.org/api/zlib.html, "Class: Options").
    const result = brotliDecompressSync(bytes, options) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    return { inflated: new Uint8Array(result.buffer), consumed: result.engine.bytesWritten }
  } catch (cause) {
    throw new SyntaxError('the stream is broken or longer than stated', { cause })
  }
}

function requireZlib(): typeof import('node:zlib') {
  if (!zlib) throw new InternalError('compression needs Node', { remedy: 'verify bundles in Node, not in a browser' })
  return zlib
}
