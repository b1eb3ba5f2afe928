import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildErrorXml, buildXml, children, childText, parseXml } from '../../../lib/local/s3/xml.ts'

/** Characters of XML 1.0, without those that no document can contain. */
const text = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\ufffe\uffff]|[^\t\n\r\x20-\u{10ffff}]/gu, ''))

describe('documents', () => {
  it('return any text, including spaces and line ends', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (texts) => {
        const document = parseXml(buildXml('Root', { Item: texts.map((Key) => ({ Key })) }), 'Root')
        expect(children(document, 'Item').map((item) => childText(item, 'Key'))).toEqual(texts)
      }),
    )
  })

  it('omit what is undefined, and keep what is empty', () => {
    expect(buildXml('R', { A: undefined, B: '', C: [], D: 0, E: false })).toContain('<B></B><D>0</D><E>false</E></R>')
  })

  it('have the namespace of S3, except errors', () => {
    expect(buildXml('R', {})).toContain('<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    expect(buildErrorXml({ Code: 'A&B' })).toMatch(/\n<Error><Code>A&#38;B<\/Code><\/Error>$/)
  })

  it('accept 1,000 keys that consist of escapes', () => {
    const objects = Array.from({ length: 1000 }, () => `<Object><Key>${'&amp;'.repeat(1024)}</Key></Object>`)
    const document = parseXml(`<Delete>${objects.join('')}</Delete>`, 'Delete')
    expect(childText(children(document, 'Object')[999], 'Key')).toBe('&'.repeat(1024))
  })

  it.each([
    ['no XML', 'hello'],
    ['an open element', '<Root><A></Root>'],
    ['another root', '<Other/>'],
    ['nothing', ''],
    ['a document type', '<!DOCTYPE Root [<!ENTITY a "b">]><Root>&a;</Root>'],
  ])('are refused with %s', (_, body) => {
    expect(() => parseXml(body, 'Root')).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
  })

  it('have no text in an element with child elements', () => {
    expect(childText(parseXml('<R><A><B>1</B></A></R>', 'R'), 'A')).toBeUndefined()
  })
})
