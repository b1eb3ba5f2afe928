import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readInput } from '../../scripts/commands/read-input.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-input-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

const invalid = (said: RegExp, remedy: RegExp) => ({
  code: 'INPUT_INVALID',
  message: expect.stringMatching(said),
  remedy: expect.stringMatching(remedy),
})

describe('an input', () => {
  test('is null where there is none', async () => {
    expect(await readInput(undefined)).toBeNull()
  })

  test.each(['-1', '"@a"', '{"a":[1,{"b":null}]}', '9007199254740992', '1152921504606846976', '6.02e23', '0.1'])(
    'on the command line is JSON: %s',
    async (word) => {
      expect(await readInput(word)).toEqual(JSON.parse(word))
    },
  )

  test.each([
    ['9007199254740993', /round: 9007199254740993/],
    ['{"id":[-12345678901234567890]}', /round: -12345678901234567890/],
    ['18446744073709551615', /round/],
  ])('with an integer that a number would round is refused: %s', async (word, said) => {
    await expect(readInput(word)).rejects.toMatchObject(invalid(said, /as a string/))
  })

  test('with a name twice in one object is refused, and names it', async () => {
    await expect(readInput('{"a":{"word":1,"word":2}}')).rejects.toMatchObject(invalid(/"word" twice/, /leave one/))
    expect(await readInput('[{"word":1},{"word":2}]')).toEqual([{ word: 1 }, { word: 2 }])
  })

  test.each(['', '{', '{word:1}', '1e999', `${'['.repeat(2000)}${']'.repeat(2000)}`])(
    'that is no JSON, or none that can be sent, is refused: %.20s',
    async (word) => {
      await expect(readInput(word)).rejects.toMatchObject(invalid(/^--input is not JSON/, /quote it/))
    },
  )

  test('comes from a file with @', async () => {
    const path = join(dir, 'input.json')
    await writeFile(path, '\uFEFF{"word":"ERROR"}\n')
    expect(await readInput(`@${path}`)).toEqual({ word: 'ERROR' })
    await writeFile(path, '{"word":')
    await expect(readInput(`@${path}`)).rejects.toMatchObject(invalid(/input\.json is not JSON/, /./))
    await expect(readInput(`@${join(dir, 'none.json')}`)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('comes from standard input with -', async () => {
    expect(await readInput('-', Readable.from(['{"wo', 'rd":1}']))).toEqual({ word: 1 })
    await expect(readInput('-', Readable.from(['1 2']))).rejects.toMatchObject(invalid(/standard input/, /./))
  })
})
