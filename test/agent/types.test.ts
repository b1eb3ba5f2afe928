import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const execute = promisify(execFile)

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-types-'))
  const guide = await readFile(join(checkout, 'docs/agent-api.md'), 'utf8')
  const config = /```json\n([^`]*"paths"[^`]*)```/.exec(guide)![1]!
  await writeFile(join(dir, 'tsconfig.json'), config.replace('/path/to/lander/', checkout))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** What `tsc` says of an agent outside of the checkout. */
async function check(line: string): Promise<string> {
  const source = `import { agent, here } from 'lander/agent'\nexport default agent(async () => {\n  ${line}\n})\n`
  await writeFile(join(dir, 'count.ts'), source)
  const tsc = join(checkout, 'node_modules/.bin/tsc')
  return execute(tsc, ['-p', dir]).then(
    () => '',
    (error) => error.stdout,
  )
}

test('the tsconfig.json of the guide gives types to an agent in any folder', async () => {
  expect(await check("for await (const line of here.lines('2026/')) line.includes('x')")).toBe('')
  expect(await check("for await (const line of here.lines('2026/')) line.includes(1)")).toMatch(/count\.ts\(3,\d+\)/)
})
