/** The README's own commands, run word for word, as a stranger would. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const execute = promisify(execFile)

let dir: string
let readme: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-readme-'))
  readme = await readFile(join(ROOT, 'README.md'), 'utf8')
})
afterAll(async () => {
  await shell('lander local down').catch(() => undefined)
  await rm(dir, { recursive: true, force: true })
})

/** Runs lines of the README in a folder that is not the checkout, with `lander` as the README defines it. */
async function shell(lines: string): Promise<string> {
  const alias = /^alias lander="(.*)"$/m.exec(readme)?.[1]
  const script = `lander() { ${alias?.replaceAll('$PWD', ROOT.replace(/\/$/, ''))} "$@"; }\nset -e\n${lines}`
  const { stdout } = await execute('bash', ['-c', script], {
    cwd: dir,
    env: { ...process.env, LANDER_HOME: join(dir, 'home'), NO_COLOR: '1' },
  })
  return stdout
}

/** The fenced blocks of a section, in order. */
function blocks(heading: string): string[] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, block]) => block!)
}

test('your first agent, from starting a cloud to its answer', async () => {
  const [, start, agent, run] = blocks('Your first agent')
  await shell(start!.replace('local up', 'local up --port 0'))
  await writeFile(join(dir, 'count.ts'), agent!)
  expect((await shell(run!)).trim()).toBe('3')
})

test('the data of the local cloud is there again at the next start', async () => {
  const [, , , run] = blocks('Your first agent')
  await shell('lander local down')
  await shell('lander local up --port 0 --regions us-east-1,eu-west-1 --detach')
  expect((await shell(run!)).trim()).toBe('3')
})

test('the SDK’s script answers the same', async () => {
  await cp(join(dir, 'count.ts'), join(dir, 'again.ts'))
  const tsx = join(ROOT, 'node_modules/.bin/tsx')
  const stdout = await shell(`${tsx} ${join(ROOT, 'scripts/invoke.ts')} again.ts s3://logs-eu/2026/ '{"word":"ERROR"}'`)
  expect(stdout.trim()).toBe('2')
})
