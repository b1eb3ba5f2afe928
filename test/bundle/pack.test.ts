import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packAgent } from '../../lib/bundle/pack.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-pack-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function source(name: string, text: string): Promise<string> {
  const path = join(dir, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const AGENT =
  "import { agent } from 'lander/agent'\nimport { twice } from './twice'\nexport default agent((n: number) => twice(n))\n"

describe('packAgent', () => {
  test('includes the author’s files, but not lander/agent', async () => {
    await source('twice.ts', 'export const twice = (n: number): number => n * 2\nexport const unused = "left out"\n')
    const { name, code } = await packAgent({ path: await source('agent.ts', AGENT) })
    expect(name).toBe('agent.ts')
    expect(code).toMatch(/from"lander\/agent"/)
    expect(code).not.toMatch(/twice\.ts|left out/)
  })

  test('includes packages of pure JavaScript, ESM and CommonJS', async () => {
    await source('node_modules/answers/package.json', '{"name":"answers","type":"module","exports":"./index.js"}')
    await source('node_modules/answers/index.js', 'export const answer = 42\n')
    await source('node_modules/old/package.json', '{"name":"old","main":"index.js"}')
    await source('node_modules/old/index.js', 'exports.question = "why"\n')
    const text =
      "import {agent} from 'lander/agent'\nimport {answer} from 'answers'\nimport {question} from 'old'\nexport default agent(() => question + answer)\n"
    const { code } = await packAgent({ path: await source('uses-packages.ts', text) })
    expect(code).toContain('42')
    expect(code).toContain('why')
  })

  test('gives the same bytes for the same source in any folder', async () => {
    await source('twice.ts', 'export const twice = (n: number): number => n * 2\n')
    await source('elsewhere/twice.ts', 'export const twice = (n: number): number => n * 2\n')
    const here = await packAgent({ path: await source('agent.ts', AGENT) })
    const there = await packAgent({ path: await source('elsewhere/agent.ts', AGENT) })
    expect(there).toEqual(here)
  })

  test('names a missing agent', async () => {
    await expect(packAgent({ path: join(dir, 'nowhere.ts') })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('names the position of a syntax error', async () => {
    const path = await source('broken.ts', 'export default {\n  oops oops\n}\n')
    await expect(packAgent({ path })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: expect.stringContaining('broken.ts:2:'),
    })
  })

  test('refuses a module without a default export', async () => {
    const path = await source('none.ts', 'export const agent = 1\n')
    await expect(packAgent({ path })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      remedy: expect.stringContaining('export default'),
    })
  })

  test.each(['node:fs', 'fs', 'child_process', 'node:net'])('refuses %s with a remedy', async (builtin) => {
    const path = await source('wants-node.ts', `import * as it from '${builtin}'\nexport default it\n`)
    await expect(packAgent({ path })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: expect.stringContaining(`"${builtin}"`),
      remedy: expect.stringContaining('here'),
    })
  })

  test('names a package that is not installed', async () => {
    const path = await source('wants-missing.ts', "import it from 'not-installed'\nexport default it\n")
    await expect(packAgent({ path })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      remedy: expect.stringContaining('"not-installed"'),
    })
  })
})
