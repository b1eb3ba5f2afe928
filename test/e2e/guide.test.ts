/** The guide, from top to bottom, word for word: its files are saved, its commands run, its answers come. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DocShell, openDocShell } from '../support/doc-shell.ts'
import { ROOT, samplesIn } from '../support/samples.ts'

const guide = await readFile(join(ROOT, 'docs/guide.md'), 'utf8')
const samples = samplesIn('docs/guide.md', guide)

let shell: DocShell
beforeAll(async () => {
  shell = await openDocShell(guide)
})
afterAll(() => shell?.[Symbol.asyncDispose]())

describe('the guide', () => {
  test('has an answer after its commands, and nothing that this test passes over', () => {
    for (const [index, { language, file, parsedOnly }] of samples.entries()) {
      if (language === '') expect(samples[index - 1]?.language).toBe('sh')
      else expect(language === 'sh' || file !== undefined || parsedOnly !== undefined).toBe(true)
    }
  })

  let stdout = ''
  test.each(samples.filter(({ parsedOnly }) => parsedOnly === undefined))(
    'line $line: $language $file',
    async ({ language, text, file }) => {
      if (file !== undefined) await shell.save(file, text)
      else if (language === 'sh') stdout = await shell.run(text)
      else expect(stdout.trim().endsWith(text.trim()), stdout).toBe(true)
    },
  )
})
