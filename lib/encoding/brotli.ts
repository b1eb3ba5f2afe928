import { InternalError } from '../errors.ts'

// Taken at run time, so that a browser can load what merely mentions compression.
const zlib = globalThis.process?.getBuiltinModule?.('node:zlib')

/** From 0, the fastest, to 11, the smallest. */
const MAX_QUALITY = 11

/**
 * Brotli, the same each time. Its default quality is for bytes that are written once and sent often; at 4 MB it takes
 * seconds.
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
 * Inflates a Brotli stream that must give exactly `length` bytes and must end where `bytes` ends. Memory is bounded by
 * `length`, whatever the stream would give.
 *
 * @throws SyntaxError when the stream is broken, gives more or fewer bytes, or is followed by others.
 */
export function inflateExactly(bytes: Uint8Array, length: number): Uint8Array {
  const { inflated, consumed } = inflateWithin(bytes, length)
  if (inflated.length !== length) throw new SyntaxError('the stream is shorter than stated')
  // Node stops at the end of the stream and ignores what follows.
  if (consumed !== bytes.length) throw new SyntaxError('bytes follow the stream')
  return inflated
}

function inflateWithin(bytes: Uint8Array, length: number): { inflated: Uint8Array; consumed: number } {
  const { brotliDecompressSync } = requireZlib()
  try {
    const options = { maxOutputLength: Math.max(length, 1), info: true }
    // With `info`, the result is not the buffer that the type declares (nodejs.org/api/zlib.html, "Class: Options").
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
