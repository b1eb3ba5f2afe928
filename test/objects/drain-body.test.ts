import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { type DrainOptions, drainBody } from '../../lib/objects/drain-body.ts'

/** A body that the test writes, and a reader that is full after every chunk. */
function startDraining(wanted: number) {
  const body = new PassThrough()
  const texts: string[] = []
  const makeRoom: (() => void)[] = []
  const observed: number[] = []
  const options: DrainOptions = {
    wanted,
    deliver: (chunk) => {
      texts.push(String(chunk))
      return new Promise((resolve) => makeRoom.push(resolve))
    },
    observe: (bytes) => observed.push(bytes),
    signal: new AbortController().signal,
  }
  return { body, texts, makeRoom, observed, drained: drainBody(body, options) }
}

const turn = () => new Promise(setImmediate)

test('reads nothing more from the network while the reader is full', async () => {
  const { body, texts, makeRoom, observed, drained } = startDraining(6)
  for (const text of ['ab', 'cd']) body.write(text)
  await turn()
  expect(texts).toEqual(['ab'])
  makeRoom[0]!()
  await turn()
  expect(texts).toEqual(['ab', 'cd'])
  makeRoom[1]!()
  body.end('ef')
  expect(await drained).toMatchObject({ received: 6, failure: undefined, held: undefined })
  expect(observed).toEqual([2])
})

test('does not hold back a complete body', async () => {
  const { body, drained } = startDraining(2)
  body.end('ab')
  expect(await drained).toMatchObject({ received: 2, failure: undefined, held: undefined })
})

test('reports a body that ends while it was held back', async () => {
  const { body, makeRoom, drained } = startDraining(6)
  body.write('ab')
  await turn()
  body.destroy(new Error('too long without a byte'))
  const { received, held } = await drained
  expect(received).toBe(2)
  makeRoom[0]!()
  await expect(held).resolves.toBeUndefined()
})
