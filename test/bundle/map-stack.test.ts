import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mapStack } from '../../lib/bundle/map-stack.ts'
import { packAgent } from '../../lib/bundle/pack.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-stacks-'))
  await mkdir(join(dir, 'parts'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Packs the agent, runs it, and tells where in its source it failed. */
async function whereItFails(agent: string): Promise<string> {
  await writeFile(join(dir, 'count.ts'), agent)
  const { code, map } = await packAgent({ path: join(dir, 'count.ts') })
  const { outcome } = await sandbox.runModule(code)
  if (outcome.kind !== 'failed') throw new Error(`the agent ${outcome.kind}`)
  return mapStack(outcome.error.stack ?? '', map)
}

describe('the stack of an error names the author’s files', () => {
  test('with line and column, also across packed files, without frames of the prelude', async () => {
    await writeFile(
      join(dir, 'parts/deep.ts'),
      "/** Typed, so that columns move. */\nexport function deep(value: unknown): number {\n  if (value === null) throw new TypeError('no value')\n  return 1\n}\n",
    )
    const agent =
      "import { agent } from 'lander/agent'\nimport { deep } from './parts/deep.ts'\n\nexport default agent(async (input: unknown) => {\n  const long = 1\n  return long + deep(input)\n})\n"
    const frames = (await whereItFails(agent)).trimEnd().split('\n')
    expect(frames).toEqual([
      expect.stringMatching(/^ {4}at parts\/deep\.ts:3:\d+$/),
      expect.stringMatching(/^ {4}at count\.ts:6:\d+$/),
    ])
  })

  test('at the call for a missing object, although the answer comes later', async () => {
    const agent =
      "import { agent, here } from 'lander/agent'\nexport default agent(async () => {\n  const found = await here.open('nothing')\n  return found.size\n})\n"
    expect(await whereItFails(agent)).toMatch(/^ {4}at count\.ts:3:\d+\n$/)
  })

  test('at the line where the module fails to load', async () => {
    const agent =
      "import { agent } from 'lander/agent'\nconst a: any = undefined\na.b.c()\nexport default agent(() => 1)\n"
    expect(await whereItFails(agent)).toMatch(/^ {4}at count\.ts:3:\d+\n$/)
  })
})

test('a frame without a position keeps the function’s name', () => {
  const map = JSON.stringify({ version: 3, sources: ['count.ts'], names: [], mappings: 'AAAA' })
  expect(mapStack('    at total (main:1:1)\n    at map (native)\n', map)).toBe('    at total\n    at map (native)\n')
})

test.each([
  ['no map', undefined],
  ['a map that can’t be read', '{"version":'],
])('with %s, positions stay and frames of the place go', (_what, map) => {
  const stack = '    at e (main:1:74)\n    at main:1:80\n    at W (lander/agent:2:1036)\n'
  expect(mapStack(stack, map)).toBe('    at e (main:1:74)\n    at main:1:80\n')
})

test('the map has neither sources nor absolute paths, and the module does not mention it', async () => {
  await writeFile(join(dir, 'plain.ts'), "export default 'a word of the source'\n")
  const { code, map } = await packAgent({ path: join(dir, 'plain.ts') })
  expect(code).not.toContain('sourceMappingURL')
  expect(JSON.parse(map)).toMatchObject({ sources: ['plain.ts'] })
  expect(map).not.toContain('a word of the source')
  expect(map).not.toContain(dir)
})
