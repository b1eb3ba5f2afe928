import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CodedColumn, type CsvBatch, readCsvBatch } from '../../../lib/agent/csv.ts'
import { createCsvDecoder } from '../../../lib/sandbox/executor/reads/csv.ts'
import type { CsvOptions } from '../../../lib/sandbox/wire/reader-note.ts'

type Table = Record<string, (string | number)[]>

/** Tests both ends: the executor encodes, the prelude decodes. */
function tableOf(text: string | Uint8Array, options: Partial<CsvOptions> = {}, size = 1024): Table {
  const decoder = createCsvDecoder({ delimiter: ',', numbers: [], ...options })
  const bytes = Buffer.from(text)
  const batches = []
  for (let at = 0; at < bytes.length; at += size) batches.push(...decoder.decode(bytes.subarray(at, at + size), false))
  batches.push(...decoder.decode(new Uint8Array(0), true))
  const table: Table = {}
  for (const { text: json, bytes: data } of batches) {
    const buffer = data!.buffer.slice(data!.byteOffset, data!.byteOffset + data!.byteLength) as ArrayBuffer
    const batch: CsvBatch = readCsvBatch({ text: json, bytes: buffer })
    for (const name of batch.columns) {
      const values = batch.column(name)
      table[name] = [...(table[name] ?? []), ...values]
      if (!options.numbers?.includes(name)) expect(spelled(batch.coded(name))).toEqual(values)
    }
  }
  return table
}

const spelled = ({ words, codes }: CodedColumn) => Array.from(codes, (code) => words[code])

describe('CSV', () => {
  test.each([
    ['plain records', 'a,b\n1,2\n3,4\n', { a: ['1', '3'], b: ['2', '4'] }],
    ['no newline at the end', 'a,b\n1,2', { a: ['1'], b: ['2'] }],
    ['ends of Windows', 'a,b\r\n1,2\r\n', { a: ['1'], b: ['2'] }],
    ['empty fields', 'a,b\n,\n1,', { a: ['', '1'], b: ['', ''] }],
    ['empty lines', 'a,b\n\n1,2\n\r\n\n', { a: ['1'], b: ['2'] }],
    ['a quoted delimiter', 'a,b\n"1,5",2\n', { a: ['1,5'], b: ['2'] }],
    ['a quoted newline', 'a,b\n"1\n5",2\n', { a: ['1\n5'], b: ['2'] }],
    ['doubled quotes', 'a,b\n"say ""hi""",2\n', { a: ['say "hi"'], b: ['2'] }],
    ['an empty quoted field', 'a,b\n"",""\n', { a: [''], b: [''] }],
    ['quotes at the end of a record', 'a,b\n1,"2"\r\n3,"4"', { a: ['1', '3'], b: ['2', '4'] }],
    ['a quoted header', '"a ""x""",b\n1,2\n', { 'a "x"': ['1'], b: ['2'] }],
    ['one column', 'a\n1\n""\n2', { a: ['1', '', '2'] }],
    ['letters beyond ASCII', 'stadt,n\nKöln,1\n東京,2\n', { stadt: ['Köln', '東京'], n: ['1', '2'] }],
    ['a header only', 'a,b\n', {}],
    ['nothing', '', {}],
  ])('with %s, split anywhere', (_what, text, table) => {
    for (const size of [1, 2, 3, 5, 1024]) expect(tableOf(text, {}, size)).toEqual(table)
  })

  test('is read back as it was written, however the object is split into chunks', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r', '1', ' ') })
    const table = fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 20 })
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 40 }), fc.constantFrom('\n', '\r\n'), (rows, size, newline) => {
        const text = [['a', 'b', 'c'], ...rows].map((row) => row.map(quote).join(',') + newline).join('')
        const read = tableOf(text, {}, size)
        expect(rows.map((_, row) => [read.a![row], read.b![row], read.c![row]])).toEqual(rows)
      }),
    )
  })

  test('reads numbers as JavaScript does', () => {
    const plain = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ max: 1e6 }).map((n) => n / 100),
    )
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1 }), (numbers) => {
        const text = `n\n${numbers.map((number) => `${number}\n`).join('')}`
        expect(tableOf(text, { numbers: ['n'] }).n).toEqual(numbers.map((number) => Number(`${number}`)))
      }),
    )
  })

  test.each([
    ['', Number.NaN],
    ['x', Number.NaN],
    ['-', Number.NaN],
    ['.', Number.NaN],
    ['1.2.3', Number.NaN],
    [' 7 ', 7],
    ['1e3', 1000],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['5.', 5],
    ['12345678901234567890', 12345678901234567000],
  ])('reads the number %j as %d', (text, number) => {
    expect(tableOf(`n,m\n${text},1\n`, { numbers: ['n'] }).n).toEqual([number])
  })

  test('delivers only the columns that were asked for, in that order', () => {
    const options = { columns: ['c', 'a'], numbers: ['c'] }
    expect(Object.entries(tableOf('a,b,c\nx,y,1\n', options))).toEqual([
      ['c', [1]],
      ['a', ['x']],
    ])
  })

  test('takes names and a delimiter from the options', () => {
    expect(tableOf('1;2\n', { delimiter: ';', header: ['a', 'b'] })).toEqual({ a: ['1'], b: ['2'] })
  })

  test('holds more rows than a batch, with more words than fit into a byte', () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => `w${row % 9000},${row}`)
    const { word, n } = tableOf(`word,n\n${rows.join('\n')}`, { numbers: ['n'] }, 50_000)
    expect([word!.length, word![19_999], n![19_999]]).toEqual([20_000, 'w1999', 19_999])
  })

  test('skips a byte order mark', () => {
    expect(tableOf('\ufeffa,b\n1,2\n')).toEqual({ a: ['1'], b: ['2'] })
  })

  test.each([
    ['too few fields', 'a,b\n1\n', 'a record has 1 field, not 2 (record 1, at byte 4)'],
    ['too few fields further on', 'a,b,c\n1,2,3\n4,5\n', 'a record has 2 fields, not 3 (record 2, at byte 12)'],
    ['too many fields', 'a,b\n1,2,3\n', 'more than 2 fields'],
    ['text after a closing quote', 'a,b\n"1"x,2\n', 'closing quote'],
    ['a quote that never closes', 'a,b\n"1,2\n', 'never ends'],
    ['too many columns', `${'a,'.repeat(20_000)}\n`, 'more than 16384 columns'],
    ['an unknown column', 'a,b\n1,2\n', 'no column "z"', { columns: ['z'] }],
  ])('with %s is refused', (_what, text, message, options: Partial<CsvOptions> = {}) => {
    expect(() => tableOf(text, options)).toThrow(message)
  })

  test('that is not UTF-8 is refused', () => {
    expect(() => tableOf(Buffer.from([0x61, 0x0a, 0xff, 0x0a]))).toThrow('not UTF-8 at byte 2')
  })

  test('is read up to the first malformed record', () => {
    const decoder = createCsvDecoder({ delimiter: ',', numbers: [] })
    const batches = decoder.decode(Buffer.from('a,b\n1,2\n3,4\n5\n6,7\n'), true)[Symbol.iterator]()
    const { text, end } = batches.next().value!
    expect([JSON.parse(text!).rows, end]).toEqual([2, 12])
    expect(() => batches.next()).toThrow('record 3, at byte 12')
  })

  test('resumed in the middle reports the byte only, since the record’s number is unknown', () => {
    const decoder = createCsvDecoder({ delimiter: ',', numbers: [], header: ['a', 'b'] }, 500)
    expect(() => [...decoder.decode(Buffer.from('1\n'), true)]).toThrow('not 2 (at byte 500)')
  })
})
