import { describe, expect, expectTypeOf, test } from 'vitest'
import * as lander from '../../lib/agent/index.ts'
import {
  type Agent,
  agent,
  type CsvBatch,
  here,
  log,
  progress,
  type StoredObject,
  sleep,
  sum,
} from '../../lib/agent/index.ts'
import * as errors from '../../lib/errors.ts'

describe('outside of a place', () => {
  test('an agent can be declared, with types for input and result', () => {
    const counts = agent(async ({ word }: { word: string }) => word.length, { merge: sum })
    expectTypeOf(counts).toEqualTypeOf<Agent<{ word: string }, number>>()
    expect(counts.merge!([1, 2, 3] as never[])).toBe(6)
  })

  test('without a merge function the result is a list', () => {
    const lists = agent(() => 'x')
    expectTypeOf(lists).toEqualTypeOf<Agent<unknown, string[]>>()
    expect(lists.merge).toBeUndefined()
  })

  test('agent() refuses anything but a function', () => {
    expect(() => agent(undefined as never)).toThrow('agent() takes the function to run')
  })

  test.each([
    ['log', () => log('x')],
    ['progress', () => progress(1)],
    ['here.open', () => here.open('x')],
    ['here.region', () => here.region],
    ['sleep', () => sleep(1)],
    ['here.objects', () => here.objects()[Symbol.asyncIterator]().next()],
    ['here.lines', () => here.lines()[Symbol.asyncIterator]().next()],
    ['here.csv', () => here.csv().batches().next()],
  ])('%s says that it needs one', async (_name, use) => {
    await expect((async () => use())()).rejects.toThrow('place')
  })

  test('errors of kernels and objects are the classes that a client catches', () => {
    expect(lander.KernelError).toBe(errors.KernelError)
    expect(lander.ObjectError).toBe(errors.ObjectError)
  })

  test('nothing is exported that only the packer may use', () => {
    expect(Object.keys(lander)).not.toContain('bundledKernel')
  })

  test('the import does not change the platform', () => {
    expect(typeof SharedArrayBuffer).toBe('function')
    // biome-ignore lint/security/noGlobalEval: this is what the prelude takes away inside a place
    expect(eval('1')).toBe(1)
  })
})

describe('the types of CSV', () => {
  test('tell numbers from text', () => {
    const use = (object: StoredObject) => object.csv({ numbers: ['delay'] }).batches()
    expectTypeOf<ReturnType<typeof use>>().toEqualTypeOf<AsyncIterableIterator<CsvBatch<'delay'>>>()
    const columns = (batch: CsvBatch<'delay'>) => [batch.column('delay'), batch.column('origin')] as const
    expectTypeOf<ReturnType<typeof columns>[0]>().toEqualTypeOf<Float64Array>()
    expectTypeOf<ReturnType<typeof columns>[1]>().toEqualTypeOf<readonly string[]>()
  })
})

describe('sum', () => {
  test('adds up numbers, and an empty list is 0', () => {
    expect([sum([1, 2.5]), sum([])]).toEqual([3.5, 0])
  })
})
