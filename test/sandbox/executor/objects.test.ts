import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ObjectError } from '../../../lib/errors.ts'
import { createMemoryStore } from '../../../lib/objects/memory.ts'
import { useSandbox } from '../../support/sandbox.ts'

const sandbox = useSandbox()
const read = (prefix: string) => ({ bucket: 'data', prefix, actions: ['read'] }) as const

describe('an agent', () => {
  test('lists each object of its scopes once, in pages', async () => {
    const objects = Object.fromEntries(
      Array.from({ length: 2500 }, (_, n) => [`a/${String(n).padStart(5, '0')}`, `${n}`]),
    )
    const body = `let count = 0, last = ''; for await (const object of here.objects(input)) { count++; last = object.key } return [count, last]`
    expect((await sandbox.run(body, { objects, input: 'a/' })).outcome).toMatchObject({ value: [2500, 'a/02499'] })
    expect((await sandbox.run(body, { objects, input: 'a/00' })).outcome).toMatchObject({ value: [1000, 'a/00999'] })
    expect((await sandbox.run(body, { objects, input: 's3://data/a/001' })).outcome).toMatchObject({
      value: [100, 'a/00199'],
    })
  })

  test('opens an object by key or by address, and sees its version', async () => {
    const body = `const a = await here.open('x'), b = await here.open('s3://data/x'); return [a.size, a.etag === b.etag, a.bucket]`
    expect((await sandbox.run(body, { objects: { x: 'four' } })).outcome).toMatchObject({ value: [4, true, 'data'] })
  })

  test('reads bytes, ranges, chunks, text and JSON', async () => {
    const objects = {
      'a.json': '{"a":[1,2]}',
      'b.txt': '\ufeffgrün',
      'c.bin': new Uint8Array(3_000_000).fill(7),
      empty: '',
    }
    const body = `
      const text = await (await here.open('b.txt')).text()
      const json = await (await here.open('a.json')).json()
      const part = await (await here.open('a.json')).bytes({ start: 1, end: 4 })
      const sizes = []
      for await (const chunk of (await here.open('c.bin')).chunks()) sizes.push(chunk.length)
      const empty = await here.open('empty')
      const nothing = [await empty.text(), (await empty.bytes()).length]
      for await (const line of empty.lines()) nothing.push(line)
      return [text, json, String.fromCharCode(...part), sizes, nothing]`
    const { outcome, usage, reads } = await sandbox.run(body, { objects })
    expect(outcome).toMatchObject({
      value: ['grün', { a: [1, 2] }, '"a"', [2_097_152, 902_848], ['', 0]],
    })
    expect(usage).toMatchObject({ bytesRead: 3_000_000 + 11 + 3 + 8, objects: 7 })
    expect(reads.find(({ key }) => key === 'a.json')).toMatchObject({ size: 11, bytesRead: 14 })
  })

  test('reads lines one by one, in batches, and of all objects below a prefix', async () => {
    const text = Array.from({ length: 40_000 }, (_, n) => `line ${n}`).join('\n')
    const body = `
      const object = await here.open('l/1')
      let single = 0, batched = 0, all = 0, batches = 0
      for await (const line of object.lines()) single += line.length
      for await (const lines of object.lines().batches()) { batches++; for (const line of lines) batched += line.length }
      for await (const line of here.lines('l/')) all += line.length
      return [single, batched, all, batches]`
    const { outcome } = await sandbox.run(body, { objects: { 'l/1': text, 'l/2': text, 'm/1': 'x' } })
    const length = text.replaceAll('\n', '').length
    expect(outcome).toMatchObject({ value: [length, length, 2 * length, 2] })
  })

  test('may end a loop early', async () => {
    const objects = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`l/${n}`, 'a\nb\n'.repeat(50_000)]))
    const body = `
      for (let turn = 0; turn < 10; turn++) for await (const line of here.lines('l/')) break
      for await (const line of here.lines('l/')) return line`
    expect((await sandbox.run(body, { objects })).outcome).toMatchObject({ value: 'a' })
  })

  test('reads CSV by row and by column', async () => {
    const objects = { 'f.csv': 'from,delay\nSEA,3\nNRT,\n"S,F",-4.5\n' }
    const body = `
      const rows = [], object = await here.open('f.csv')
      for await (const row of object.csv({ numbers: ['delay'] })) rows.push(row)
      for await (const batch of object.csv({ numbers: ['delay'], columns: ['delay'] }).batches())
        rows.push([batch.rows, batch.columns, batch.column('delay') instanceof Float64Array])
      return rows`
    const { outcome } = await sandbox.run(body, { objects })
    expect(outcome).toMatchObject({
      value: [
        { from: 'SEA', delay: 3 },
        { from: 'NRT', delay: null },
        { from: 'S,F', delay: -4.5 },
        [3, ['delay'], true],
      ],
    })
  })

  test('reads the CSV of all objects below a prefix', async () => {
    const objects = { 'c/1': 'a,n\nx,1\n', 'c/2': 'n,a\n2,y\n', d: 'no CSV' }
    const body = `const rows = []; for await (const row of here.csv('c/', { numbers: ['n'] })) rows.push(row); return rows`
    const { outcome } = await sandbox.run(body, { objects })
    expect(outcome).toMatchObject({
      value: [
        { a: 'x', n: 1 },
        { a: 'y', n: 2 },
      ],
    })
  })

  test('reads many whole objects at once', async () => {
    const objects = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`o/${n}`, `${n}`]))
    const body = `
      const all = []
      for await (const object of here.objects()) all.push(object.text())
      return (await Promise.all(all)).map(Number).reduce((a, b) => a + b)`
    expect((await sandbox.run(body, { objects })).outcome).toMatchObject({ value: (299 * 300) / 2 })
  })

  test('reads exactly the bytes of the objects', async () => {
    const bytes = Buffer.alloc(5_000_000)
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 7919) % 251
    const body = `
      let sum = 0, last
      for await (const piece of (await here.open('b')).chunks({ start: 3, end: 4_999_999 })) { const chunk = piece.bytes(); for (let i = 0; i < chunk.length; i += 997) sum += chunk[i]; last = chunk.at(-1) }
      return last`
    const { outcome, reads } = await sandbox.run(body, { objects: { b: bytes } })
    expect(outcome).toMatchObject({ value: bytes[4_999_998] })
    expect(reads).toEqual([
      {
        bucket: 'data',
        key: 'b',
        etag: createHash('sha256').update(bytes).digest('hex'),
        size: 5_000_000,
        bytesRead: 4_999_996,
      },
    ])
  })
})

describe('an object that can not be read', () => {
  test.each([
    ['is missing', `await here.open('in/nope')`, 'OBJECT_NOT_FOUND'],
    ['is outside of the scopes', `await here.open('other/x')`, 'OBJECT_OUT_OF_SCOPE'],
    ['is outside of the scopes, by address', `await here.open('s3://other/x')`, 'OBJECT_OUT_OF_SCOPE'],
    [
      'is below a prefix outside of the scopes',
      `for await (const object of here.objects('other/'));`,
      'OBJECT_OUT_OF_SCOPE',
    ],
    ['is not UTF-8', `for await (const line of (await here.open('in/bad')).lines());`, 'OBJECT_FORMAT_INVALID'],
    [
      'is not CSV',
      `for await (const row of (await here.open('in/x')).csv({ columns: ['z'] }));`,
      'OBJECT_FORMAT_INVALID',
    ],
    ['has no such range', `await (await here.open('in/x')).bytes({ start: 5, end: 2 })`, 'OBJECT_RANGE_INVALID'],
    ['is asked for a broken range', `await (await here.open('in/x')).bytes({ start: 0.5 })`, 'OBJECT_RANGE_INVALID'],
  ])('because it %s fails the run with its code', async (_what, body, code) => {
    const objects = { 'in/x': 'a\n', 'in/bad': new Uint8Array([0xff, 0xfe]), 'other/x': 'secret' }
    const { outcome } = await sandbox.run(body, { objects, scopes: [read('in/')] })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code } })
    expect(JSON.stringify(outcome)).not.toContain('secret')
  })

  test.each([
    ['a record', 1, '(await here.open("in/x")).csv()', 'a record has 1 field, not 2 (record 2, at byte 8)'],
    ['a column', 0, 'here.csv("in/", { columns: ["zz"] })', 'there is no column "zz"'],
    ['text', 3, 'here.lines("in/")', 'not UTF-8 at byte 10'],
  ])('because of %s is named, and the %i items before are read', async (_what, items, all, message) => {
    const objects = { 'in/x': Buffer.from('a,b\n1,2\nx\n\xff', 'latin1') }
    const body = `let items = 0; try { for await (const item of ${all}) items++ } catch (error) { return [items, error.message] }`
    const { outcome } = await sandbox.run(body, { objects, scopes: [read('in/')] })
    expect(outcome).toMatchObject({ value: [items, `s3://data/in/x: ${message}`] })
  })

  test('can be caught, and the run goes on', async () => {
    const body = `try { await here.open('nope') } catch (error) { return [error.name, error.code, error instanceof Error] }`
    const { outcome } = await sandbox.run(body, { scopes: [read('')] })
    expect(outcome).toMatchObject({ value: ['ObjectError', 'OBJECT_NOT_FOUND', true] })
  })

  test('because it has changed never yields a mix of two versions', async () => {
    const store = createMemoryStore({ buckets: { data: { x: 'one' } } })
    const changing = {
      ...store,
      async stat(ref: { bucket: string; key: string }) {
        const stat = await store.stat(ref)
        store.put('data', 'x', 'two')
        return stat
      },
    }
    const { outcome } = await sandbox.run(`return (await here.open('x')).text()`, { store: changing })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'OBJECT_CHANGED' } })
  })

  test('because of an internal error of the store hides the reason', async () => {
    const broken = {
      ...createMemoryStore(),
      async stat(): Promise<never> {
        throw new Error('password=hunter2')
      },
    }
    const { outcome } = await sandbox.run(`await here.open('x')`, { store: broken })
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'STORE_FAILED' } })
    expect(JSON.stringify(outcome)).not.toContain('hunter2')
  })

  test('because the store fails midway is not taken for a shorter object', async () => {
    const store = createMemoryStore({ buckets: { data: { x: 'abc\n'.repeat(10) } } })
    const failing = {
      ...store,
      async *read() {
        yield Buffer.from('abc\n')
        throw new ObjectError('OBJECT_FORBIDDEN', 'no more')
      },
    }
    const body = `
      const object = await here.open('x'), codes = []
      const ways = [() => object.text(), () => object.bytes(), async () => { for await (const line of object.lines()); }]
      for (const way of ways) await way().then(() => codes.push('read'), (error) => codes.push(error.code))
      return codes`
    const { outcome } = await sandbox.run(body, { store: failing })
    expect(outcome).toMatchObject({ value: ['OBJECT_FORBIDDEN', 'OBJECT_FORBIDDEN', 'OBJECT_FORBIDDEN'] })
  })
})

describe('reading', () => {
  test('only columns of words have codes', async () => {
    const body = `const said = []
      for await (const batch of (await here.open('a.csv')).csv({ columns: ['n'], numbers: ['n'] }).batches())
        for (const name of ['n', 'word']) try { batch.coded(name) } catch (error) { said.push(error.message) }
      return said`
    const { outcome } = await sandbox.run(body, { objects: { 'a.csv': 'n,word\n1,one\n' } })
    expect(outcome).toMatchObject({
      value: [
        'the column "n" was read as numbers; take it out of the option numbers',
        expect.stringContaining('"word" was not read'),
      ],
    })
  })

  test('requests only two chunks more than the agent has taken', async () => {
    let asked = 0
    const chunk = Buffer.alloc(1024 * 1024, 'abc\n')
    const endless = {
      ...createMemoryStore(),
      stat: async (ref: { bucket: string; key: string }) => ({ ...ref, size: 2 ** 40, etag: 'e' }),
      async *read() {
        for (;;) {
          asked++
          yield chunk
        }
      },
    }
    const { outcome } = await sandbox.run(
      `for await (const lines of (await here.open('x')).lines().batches()) { await sleep(50); return lines.length }`,
      { store: endless },
    )
    expect(outcome).toMatchObject({ kind: 'completed' })
    // A chunk in hand and two on their way, each of two pieces.
    expect(asked).toBeLessThanOrEqual(6)
  })
})
