/** Examples show what a user writes, so they import the package by its name. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const FROM_LIB = /from '(?:\.\.\/)+lib\//

test('no example imports from lib/', async () => {
  const files = (await readdir(EXAMPLES, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(files.map(async (name) => [name, await readFile(join(EXAMPLES, name), 'utf8')]))
  expect(texts.filter(([, text]) => FROM_LIB.test(text!)).map(([name]) => name)).toEqual([])
})

test('an import from lib/ is found', () => {
  expect("import { run } from '../../lib/index.ts'").toMatch(FROM_LIB)
  expect("import { run } from 'lander'").not.toMatch(FROM_LIB)
})
