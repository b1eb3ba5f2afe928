import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDataUri, parseDataUri } from '../../lib/objects/data-uri.ts'

test.each([
  ['s3://logs-us', { bucket: 'logs-us', prefix: '' }],
  ['s3://logs-us/', { bucket: 'logs-us', prefix: '' }],
  ['s3://logs-us/2026/', { bucket: 'logs-us', prefix: '2026/' }],
  ['s3://logs.eu.1/a.csv', { bucket: 'logs.eu.1', prefix: 'a.csv' }],
  ['s3://123//odd', { bucket: '123', prefix: '/odd' }],
  ['s3://logs/a%20b c?d#e', { bucket: 'logs', prefix: 'a%20b c?d#e' }],
  ['s3://logs/línea\nдва🚀', { bucket: 'logs', prefix: 'línea\nдва🚀' }],
])('%j is a scope', (uri, { bucket, prefix }) => {
  expect(parseDataUri(uri)).toEqual({ bucket, prefix, actions: ['read'] })
})

describe('a bucket name', () => {
  test.each([
    ['', 'has 0 characters; S3 takes 3 to 63'],
    ['ab', 'has 2 characters; S3 takes 3 to 63'],
    ['a'.repeat(64), 'has 64 characters; S3 takes 3 to 63'],
    ['Logs', 'has characters other than a-z, 0-9, "-" and "."'],
    ['lo_gs', 'has characters other than a-z, 0-9, "-" and "."'],
    ['lo gs', 'has characters other than a-z, 0-9, "-" and "."'],
    ['logs\n', 'has characters other than a-z, 0-9, "-" and "."'],
    ['-logs', 'does not begin and end with a letter or a digit'],
    ['logs.', 'does not begin and end with a letter or a digit'],
    ['lo..gs', 'has two dots in a row'],
    ['192.168.5.4', 'looks like an IP address'],
    ['xn--logs', 'begins with "xn--", which S3 reserves'],
    ['sthree-logs', 'begins with "sthree-", which S3 reserves'],
    ['amzn-s3-demo-logs', 'begins with "amzn-s3-demo-", which S3 reserves'],
    ['logs-s3alias', 'ends with "-s3alias", which S3 reserves'],
    ['logs--ol-s3', 'ends with "--ol-s3", which S3 reserves'],
    ['logs.mrap', 'ends with ".mrap", which S3 reserves'],
    ['logs--use1-az4--x-s3', 'ends with "--x-s3", which S3 reserves'],
    ['logs--table-s3', 'ends with "--table-s3", which S3 reserves'],
  ])('%j is refused', (bucket, fault) => {
    expect(() => parseDataUri(`s3://${bucket}/x`)).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        code: 'URI_INVALID',
        message: `data URI "s3://${bucket}/x" names a bucket that ${fault}`,
        remedy: 'check the name of the bucket',
      }),
    )
  })

  test.each(['abc', 'a'.repeat(63), '1.2.3.4.5', 'a-.b'])('%j is taken', (bucket) => {
    expect(parseDataUri(`s3://${bucket}`).bucket).toBe(bucket)
  })
})

test.each(['logs/2026', 'S3://logs/', 's3:/logs', 'https://logs/x', 'file:///logs', ' s3://logs', ''])(
  '%j is no data URI',
  (uri) => {
    expect(() => parseDataUri(uri)).toThrow(
      expect.objectContaining({ code: 'URI_INVALID', remedy: 'write it as s3://bucket/prefix' }),
    )
  },
)

test('bounds a prefix by the length of a key in UTF-8 bytes', () => {
  expect(parseDataUri(`s3://logs/${'é'.repeat(512)}`).prefix).toHaveLength(512)
  expect(() => parseDataUri(`s3://logs/${'é'.repeat(513)}`)).toThrow(expect.objectContaining({ code: 'URI_INVALID' }))
})

test('refuses a prefix with lone surrogates, because encoding would change it', () => {
  expect(() => parseDataUri('s3://logs/\ud83d')).toThrow(expect.objectContaining({ code: 'URI_INVALID' }))
})

test('parsing inverts formatting', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a/ ?#%+:\n\0é🚀'), maxLength: 200 }), (prefix) => {
      const scope = { bucket: 'logs-us', prefix, actions: ['read' as const] }
      expect(parseDataUri(formatDataUri(scope))).toEqual(scope)
    }),
  )
})
