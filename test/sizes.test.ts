import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bytesBelow, explainChanges } from '../scripts/sizes.ts'

describe('sizes', () => {
  test('may differ a little from the stored ones', () => {
    expect(explainChanges({ relay: 1000, agent: 1000 }, { relay: 1020, agent: 980 }, 0.02)).toEqual([])
  })

  test.each([
    ['grew', 1021, 'relay has 1021 bytes; the stored size is 1000: +2.1 %, and ±2 % are allowed'],
    ['shrank', 979, 'relay has 979 bytes; the stored size is 1000: -2.1 %, and ±2 % are allowed'],
  ])('are told when one %s by more', (_, relay, said) => {
    expect(explainChanges({ relay: 1000 }, { relay }, 0.02)).toEqual([said])
  })

  test('are told when one is not stored, or gone', () => {
    expect(explainChanges({ relay: 1000 }, { agent: 5 })).toEqual([
      'relay has a stored size, but was not measured',
      'agent has 5 bytes, and no stored size',
    ])
  })
})

test('the size of a folder is that of the files below it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-sizes-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await mkdir(join(dir, 'clang'))
  await writeFile(join(dir, 'index.mjs'), 'abc')
  await writeFile(join(dir, 'clang/llvm.wasm'), 'defgh')
  expect(await bytesBelow(dir)).toBe(8)
  expect(await bytesBelow(dir, (name) => name.endsWith('.mjs'))).toBe(3)
})
