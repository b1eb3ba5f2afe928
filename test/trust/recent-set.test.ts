import { expect, test } from 'vitest'
import { RecentSet } from '../../lib/trust/recent-set.ts'

test('a recent set drops the least recently used member', () => {
  const set = new RecentSet(2)
  set.add('a')
  set.add('b')
  expect(set.has('a')).toBe(true)
  set.add('c')
  expect(['a', 'b', 'c'].filter((member) => set.has(member))).toEqual(['a', 'c'])
})

test('adding a member again does not drop others', () => {
  const set = new RecentSet(2)
  for (const member of ['a', 'b', 'b', 'b']) set.add(member)
  expect(set.has('a')).toBe(true)
})
