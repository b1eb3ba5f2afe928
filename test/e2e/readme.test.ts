/** The README's own commands, run word for word, as a stranger would. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DocShell, openDocShell } from '../support/doc-shell.ts'
import { programFile } from '../support/programs.ts'
import { ROOT, type Sample, samplesIn } from '../support/samples.ts'

let readme: string
let shell: DocShell
beforeAll(async () => {
  readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  shell = await openDocShell(readme)
})
afterAll(() => shell?.[Symbol.asyncDispose]())

/** The fenced blocks of a section, in order. */
function blocks(heading: string): Sample[] {
  return samplesIn('README.md', readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
}

test('your first agent, from starting a cloud to its answer', async () => {
  const [, start, agent, run] = blocks('Your first agent')
  await shell.run(start!.text)
  await shell.save('count.ts', agent!.text)
  expect((await shell.run(run!.text)).trim()).toBe('3')
})

test('the data of the local cloud is there again at the next start', async () => {
  const [, , , run] = blocks('Your first agent')
  await shell.run('lander local down')
  await shell.run('lander local up --regions us-east-1,eu-west-1 --detach')
  expect((await shell.run(run!.text)).trim()).toBe('3')
})

test('the SDK’s script answers the same', async () => {
  const invoke = `'${process.execPath}' '${programFile('scripts/invoke.ts')}'`
  const stdout = await shell.run(`cp count.ts again.ts\n${invoke} again.ts s3://logs-eu/2026/ '{"word":"ERROR"}'`)
  expect(stdout.trim()).toBe('2')
})
