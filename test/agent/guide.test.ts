import { readFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { useSandbox } from '../support/sandbox.ts'

const guide = readFileSync(new URL('../../docs/agent-api.md', import.meta.url), 'utf8')
const samples = [...guide.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!)
const sandbox = useSandbox()

const objects = {
  'logs/a.log': 'ERROR one\nfine\n',
  'logs/b.log': 'ERROR two\n',
  'flights/1.csv': 'date,origin,delay\n1,SEA,3\n2,NRT,\n3,SEA,-1\n',
}

describe('the samples of the guide', () => {
  test.each([
    ['counting lines', 0, 2],
    ['listing objects', 1, { 'logs/a.log': 15, 'logs/b.log': 10 }],
    ['counting in batches', 2, 2],
    ['reading columns', 3, { SEA: { count: 2, sum: 2 }, NRT: { count: 1, sum: null } }],
    ['an object that may be missing', 4, {}],
  ])('run: %s', async (_what, index, value) => {
    const { code } = await transform(samples[index]!, { loader: 'ts', format: 'esm' })
    const { outcome } = await sandbox.runModule(code, { objects, input: { word: 'ERROR' } })
    expect(outcome).toEqual({ kind: 'completed', value })
  })

  test('are all of them run', () => {
    expect(samples.length).toBe(5)
  })
})
