import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packAgent } from '../../lib/bundle/pack.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-packages-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Packs an agent that returns `expression`, of what the package gives, and runs it in a place. */
async function resultWith(packageSource: string, expression: string): Promise<unknown> {
  const files = {
    'node_modules/idiom/package.json': '{"name":"idiom","type":"module","exports":"./index.js"}',
    'node_modules/idiom/index.js': packageSource,
    'agent.ts': `import { agent } from 'lander/agent'\nimport * as idiom from 'idiom'\nexport default agent(() => ${expression})\n`,
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  const { code } = await packAgent({ path: join(dir, 'agent.ts') })
  return (await sandbox.runModule(code)).outcome
}

test('a package that looks for the global object under the names of other platforms finds it', async () => {
  const source = `
    const freeGlobal = typeof global == 'object' && global && global.Object === Object && global
    const freeSelf = typeof self == 'object' && self && self.Object === Object && self
    export const root = freeGlobal || freeSelf || Function('return this')()`
  expect(await resultWith(source, 'idiom.root === globalThis')).toEqual({ kind: 'completed', value: true })
})

test('a package that asks for NODE_ENV gets "production"', async () => {
  const source = `export const errors = process.env.NODE_ENV !== 'production' ? ['a long explanation'] : []`
  expect(await resultWith(source, 'idiom.errors')).toEqual({ kind: 'completed', value: [] })
})

test('a package may have its own variables "global" and "process"', async () => {
  const source = `
    const global = 'mine'
    const process = { env: { NODE_ENV: 'mine too' } }
    export const names = [global, process.env.NODE_ENV]`
  expect(await resultWith(source, 'idiom.names')).toEqual({ kind: 'completed', value: ['mine', 'mine too'] })
})

test('a package that compiles code fails with a clear error', async () => {
  expect(await resultWith(`export const made = Function('return 1')()`, 'idiom.made')).toMatchObject({
    kind: 'failed',
    error: { code: 'AGENT_INVALID', message: expect.stringContaining('code can not be compiled at run time') },
  })
})
