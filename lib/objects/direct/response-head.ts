/** The head of an HTTP/1.1 response. */
export interface ResponseHead {
  readonly statusCode: number
  /** By lower-case name; values of the same name joined. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body; `undefined` where it comes in chunks. */
  readonly length: number | undefined
  /** Whether the connection can serve another request. */
  readonly reusable: boolean
}

const STATUS = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/
const LENGTH = /^\d{1,15}$/

/**
 * Reads the head of a response (RFC 9112), which ends before its empty line. Only what servers of objects send: whatever
 * is anything else, folded or malformed, is `undefined`, for a whole HTTP client to deal with.
 */
export function parseHead(text: string): ResponseHead | undefined {
  const [first = '', ...lines] = text.split('\r\n')
  const status = STATUS.exec(first)
  const headers = readFields(lines)
  if (status === null || headers === undefined) return undefined
  const { 'content-length': length, 'transfer-encoding': encoding, connection = '' } = headers
  const statusCode = Number(status[1])
  // These have no body, whatever they say of its length.
  if (statusCode === 204 || statusCode === 304) return undefined
  const reusable = !/\bclose\b/i.test(connection)
  if (encoding === 'chunked' && length === undefined) return { statusCode, headers, length: undefined, reusable }
  if (encoding !== undefined || length === undefined || !LENGTH.test(length)) return undefined
  return { statusCode, headers, length: Number(length), reusable }
}

function readFields(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  return headers
}

/** Joins a body that came in chunks (RFC 9112 §7.1), without trailers, once all of it is there. */
export function joinChunks(bytes: Buffer): Buffer | 'incomplete' | 'malformed' {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return 'incomplete'
    const [, size] = /^([0-9a-f]{1,8})(?:;.*)?$/i.exec(bytes.toString('latin1', at, end)) ?? []
    if (size === undefined) return 'malformed'
    const start = end + 2
    at = start + Number.parseInt(size, 16) + 2
    if (at > bytes.length) return 'incomplete'
    if (at === start + 2) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(start, at - 2))
  }
}
