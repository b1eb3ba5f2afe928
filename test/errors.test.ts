import { expect, test } from 'vitest'
import {
  fromWireError,
  InternalError,
  ObjectError,
  RefusedError,
  toWireError,
  UnreachableError,
  UsageError,
} from '../lib/errors.ts'

const ALL = [
  new UsageError('USAGE', 'wrong word', { remedy: 'see --help' }),
  new RefusedError('EXPIRED', 'too late'),
  new ObjectError('OBJECT_NOT_FOUND', 'no object', { remedy: 'check the key' }),
  new UnreachableError('REGION_UNREACHABLE', 'no answer'),
  new InternalError('our fault'),
]

test.each(ALL)('$name comes back from the wire as itself', (error) => {
  const back = fromWireError(JSON.parse(JSON.stringify(toWireError(error))))
  expect(back).toBeInstanceOf(error.constructor)
  expect(back).toMatchObject({
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    situation: error.situation,
  })
})

test('neither cause nor stack travels', () => {
  const wire = toWireError(new RefusedError('EXPIRED', 'too late', { cause: new Error('secret') }))
  expect(Object.keys(wire)).toEqual(['code', 'situation', 'message'])
})

test('a stranger’s error says nothing of itself', () => {
  expect(JSON.stringify(toWireError(new TypeError('secret at /home/me')))).not.toMatch(/secret|home/)
  expect(toWireError('secret')).toMatchObject({ code: 'INTERNAL' })
})
