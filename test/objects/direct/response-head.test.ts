import { expect, test } from 'vitest'
import { joinChunks, parseHead } from '../../../lib/objects/direct/response-head.ts'

const head = (...lines: string[]) => parseHead(['HTTP/1.1 206 Partial Content', ...lines].join('\r\n'))

test('a head says status, fields by lower-case name, and length', () => {
  expect(head('ETag: "v1"', 'Content-Length: 12', 'X-Twice: a', 'x-twice:b ')).toEqual({
    statusCode: 206,
    headers: { etag: '"v1"', 'content-length': '12', 'x-twice': 'a, b' },
    length: 12,
    reusable: true,
  })
})

test('names that every object has are fields like any other', () => {
  expect(head('Content-Length: 0', '__proto__: x', 'constructor: y')?.headers.constructor).toBe('y')
})

test('a body in chunks has no length', () => {
  expect(head('Transfer-Encoding: chunked')?.length).toBeUndefined()
})

test('a connection that closes is not used again', () => {
  expect(head('Content-Length: 1', 'Connection: close')?.reusable).toBe(false)
})

test.each([
  ['no status line', 'HTTP/1.1'],
  ['another version', 'HTTP/1.0 200 OK\r\nContent-Length: 1'],
  ['an interim answer', 'HTTP/1.1 100 Continue\r\nContent-Length: 1'],
  ['an answer that has no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1'],
  ['no length', 'HTTP/1.1 200 OK\r\nETag: "v1"'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1'],
  ['another encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Long: a\r\n b'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1'],
  ['a bare newline', 'HTTP/1.1 200 OK\r\nContent-Length: 1\nX: y'],
  ['a zero byte', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: a\0b'],
])('%s is left to others', (_what, text) => {
  expect(parseHead(text)).toBeUndefined()
})

const chunks = (text: string) => joinChunks(Buffer.from(text))

test('chunks are joined, extensions passed over', () => {
  expect(String(chunks('3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\n\r\n'))).toBe('abc0123456789')
})

test('chunks are incomplete up to their last byte', () => {
  const whole = '3\r\nabc\r\n0\r\n\r\n'
  for (let end = 0; end < whole.length; end++) expect(chunks(whole.slice(0, end))).toBe('incomplete')
})

test.each(['x\r\n', '-1\r\n', '\r\n', '123456789\r\n'])('%j begins no chunk', (text) => {
  expect(chunks(text)).toBe('malformed')
})
