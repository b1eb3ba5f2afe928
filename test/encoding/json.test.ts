import { describe, expect, test } from 'vitest'
import { parseJson } from '../../lib/encoding/json.ts'

describe('parseJson', () => {
  test.each([
    ['a text', '{"a":[1,null]}'],
    ['UTF-8 bytes', Buffer.from('{"a":[1,null]}')],
  ])('returns the value of %s', (_, source) => {
    expect(parseJson(source)).toEqual({ a: [1, null] })
  })

  test.each([
    ['an empty text', ''],
    ['half a document', '{"a":'],
    ['two documents', '1 2'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('returns undefined for %s', (_, source) => {
    expect(parseJson(source)).toBeUndefined()
  })
})
