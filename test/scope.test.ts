import { describe, expect, test } from 'vitest'
import { inScope, prefixHolds, type Scope, scopesWithin } from '../lib/scope.ts'

const scope = (bucket: string, prefix: string): Scope => ({ bucket, prefix, actions: ['read'] })

describe('prefixHolds', () => {
  test.each([
    ['', 'anything', true],
    ['logs/', 'logs/a', true],
    ['logs/', 'logs/', true],
    ['logs', 'logs', true],
    ['logs', 'logs/a', true],
    ['logs', 'logs-old/a', false],
    ['logs', 'logsold', false],
    ['logs/', 'logs', false],
    ['logs/a.csv', 'logs/a.csv', true],
    ['logs/a.csv', 'logs/a.csv.bak', false],
    ['logs/', 'LOGS/a', false],
  ])('%j holds %j: %s', (prefix, key, held) => {
    expect(prefixHolds(prefix, key)).toBe(held)
  })
})

test('an object is in scope of its own bucket only', () => {
  expect(inScope([scope('a', 'logs/')], 'a', 'logs/1')).toBe(true)
  expect(inScope([scope('a', 'logs/')], 'b', 'logs/1')).toBe(false)
  expect(inScope([], 'a', 'logs/1')).toBe(false)
})

test('scopes lie within others when each does', () => {
  const outer = [scope('a', 'logs/'), scope('b', '')]
  expect(scopesWithin([scope('a', 'logs/2026/'), scope('b', 'x')], outer)).toBe(true)
  expect(scopesWithin([scope('a', 'logs/2026/'), scope('a', '')], outer)).toBe(false)
  expect(scopesWithin([], outer)).toBe(true)
})
