import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseJsonFile } from '../lib/json-file.ts'

describe('parseJsonFile', () => {
  test('returns the value of a file', () => {
    expect(parseJsonFile('{"fleet": "demo"}', 'fleet.json')).toEqual({ fleet: 'demo' })
  })

  test('refuses text that is not JSON, with its name and nothing of its contents', () => {
    const text = '{\n  "secretAccessKey": s3cr3t\n}'
    const error = refusal(() => parseJsonFile(text, 'fleet.json'))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: '"fleet.json" is not JSON' })
    expect(inspect(error)).not.toContain('s3cr3t')
  })

  test('refuses with the code that the caller names', () => {
    expect(refusal(() => parseJsonFile('{', 'problem.json', 'PROBLEM_INVALID'))).toMatchObject({
      code: 'PROBLEM_INVALID',
    })
  })
})

function refusal(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was refused')
}
