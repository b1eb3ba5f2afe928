import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestCloud, type TestCloud } from './support/cloud.ts'
import { isRunning, stateOf, until } from './support/processes.ts'

const linux = process.platform === 'linux'

let local: TestCloud
beforeEach(async () => {
  local = await startTestCloud({ lambda: { idleMs: 60_000 } })
})
afterEach(() => local.close())

async function invoke(FunctionName: string, event: unknown = {}) {
  const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) })
  return JSON.parse((await local.lambda.send(command)).Payload?.transformToString() ?? '')
}

/** A handler that returns its process id and that of a child process that it starts once. */
const FAMILY = `
  import { spawn } from 'node:child_process'
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  export const handler = async (event) => {
    if (event.wait) await new Promise((r) => setTimeout(r, event.wait))
    if (event.exit) process.exit(1)
    return { parent: process.pid, child: child.pid }
  }`

describe('instances', () => {
  test('consecutive calls share an instance and its memory', async () => {
    const fn = await local.deploy('let calls = 0; export const handler = async () => [process.pid, ++calls]')
    const answers = []
    for (let i = 0; i < 20; i++) answers.push(await invoke(fn.name))
    expect(new Set(answers.map(([pid]) => pid)).size).toBe(1)
    expect(answers.map(([, calls]) => calls)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('concurrent calls each have their own instance', async () => {
    const fn = await local.deploy(FAMILY)
    const answers = await Promise.all([1, 2, 3].map(() => invoke(fn.name, { wait: 300 })))
    expect(new Set(answers.map(({ parent }) => parent)).size).toBe(3)
  })

  test.skipIf(!linux)('between calls every process of it is frozen', async () => {
    const fn = await local.deploy(FAMILY)
    const { parent, child } = await invoke(fn.name)
    await until(() => stateOf(parent) === 'T' && stateOf(child) === 'T')
    expect(await invoke(fn.name)).toEqual({ parent, child })
  })

  test('without freezing, background work continues after the answer', async () => {
    const free = await startTestCloud({ lambda: { freeze: false } })
    const fn = await free.deploy(
      'let ticks = 0; setInterval(() => ticks++, 5); export const handler = async () => ticks',
    )
    const ticks = async () =>
      Number((await free.lambda.send(new InvokeCommand({ FunctionName: fn.name }))).Payload?.transformToString())
    const before = await ticks()
    await until(async () => (await ticks()) > before + 5)
    await free.close()
  })

  test('stops an idle instance after a while', async () => {
    const brief = await startTestCloud({ lambda: { idleMs: 50 } })
    const fn = await brief.deploy('export const handler = async () => process.pid')
    const command = new InvokeCommand({ FunctionName: fn.name })
    const pid = Number((await brief.lambda.send(command)).Payload?.transformToString())
    await until(() => !isRunning(pid))
    expect(Number((await brief.lambda.send(command)).Payload?.transformToString())).not.toBe(pid)
    await brief.close()
  })

  test('replaces an instance that died while it was idle', async () => {
    const fn = await local.deploy('export const handler = async () => process.pid')
    const pid = await invoke(fn.name)
    process.kill(pid, 'SIGKILL')
    await until(() => !isRunning(pid))
    expect(await invoke(fn.name)).not.toBe(pid)
  })
})

describe('the end of an instance ends all its processes', () => {
  test('after an exit', async () => {
    const fn = await local.deploy(FAMILY)
    const { parent, child } = await invoke(fn.name)
    expect(await invoke(fn.name, { exit: true })).toMatchObject({ errorType: 'Runtime.ExitError' })
    await until(() => !isRunning(parent) && !isRunning(child))
  })

  test('after a timeout', async () => {
    const fn = await local.deploy(FAMILY, { timeoutSeconds: 1 })
    const { parent, child } = await invoke(fn.name)
    expect(await invoke(fn.name, { wait: 60_000 })).toMatchObject({ errorType: 'Sandbox.Timedout' })
    await until(() => !isRunning(parent) && !isRunning(child))
  })

  test('when the function is removed', async () => {
    const fn = await local.deploy(FAMILY)
    const { parent, child } = await invoke(fn.name)
    expect(await local.cloud.removeFunction('eu-west-1', fn.name)).toBe(true)
    expect([parent, child].filter(isRunning)).toEqual([])
    await expect(invoke(fn.name)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    expect(await local.cloud.removeFunction('eu-west-1', fn.name)).toBe(false)
  })

  test('when the cloud closes, frozen or at work', async () => {
    const other = await startTestCloud()
    const [idle, busy] = [await other.deploy(FAMILY), await other.deploy(FAMILY, { timeoutSeconds: 60 })]
    const call = async (FunctionName: string, event: unknown) => {
      const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) })
      return JSON.parse((await other.lambda.send(command)).Payload?.transformToString() ?? '')
    }
    const family = [await call(idle.name, {}), await call(busy.name, {})].flatMap(({ parent, child }) => [
      parent,
      child,
    ])
    expect(family.every(isRunning)).toBe(true)
    const cut = call(busy.name, { wait: 50_000 })
    cut.catch(() => {})
    if (linux) await until(() => stateOf(family[2]) === 'S')
    await other.close()
    expect(family.filter(isRunning)).toEqual([])
    await expect(cut).rejects.toThrow()
  })
})

describe.skipIf(process.platform === 'win32')('when the host dies', () => {
  const HOST = fileURLToPath(new URL('./support/host.ts', import.meta.url))

  /** Starts a cloud in another process, which prints the ids of its function's processes. */
  async function startHost(): Promise<{ host: ChildProcess; family: number[] }> {
    const host = spawn(process.execPath, ['--import', 'tsx', HOST], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(host.stdout, 'data')
    const { parent, child } = JSON.parse(String(line))
    return { host, family: [parent, child] }
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'of %s, no process stays behind, frozen or not',
    async (signal) => {
      const { host, family } = await startHost()
      expect(family.every(isRunning)).toBe(true)
      host.kill(signal)
      await once(host, 'exit')
      await until(() => !family.some(isRunning))
    },
  )
})
