import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildSandboxAssets } from '../../../lib/assets/sandbox-assets.ts'
import { ExecutorPool } from '../../../lib/sandbox/parent/executor-pool.ts'
import { ExecutorProcess } from '../../../lib/sandbox/parent/executor-process.ts'
import { Run } from '../../../lib/sandbox/parent/run.ts'
import { createSandbox } from '../../../lib/sandbox/parent/sandbox.ts'
import { agentSource, jobOf } from '../../support/jobs.ts'

const assets = mkdtempSync(join(tmpdir(), 'lander-executors-'))
beforeAll(() => buildSandboxAssets(assets))
afterAll(() => rmSync(assets, { recursive: true }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const works = jobOf(agentSource('return 1'))
const hangs = jobOf(agentSource('[].sort.call({ length: 1e9 })'), { limits: { wallMs: 300 } })

describe('an executor', () => {
  test('is used again while it is healthy', async () => {
    const pool = new ExecutorPool(assets, 1)
    const first = pool.acquire('a')
    pool.release(first, 'a', (await new Run(works, first, 1).report()).healthy)
    expect(pool.acquire('a')).toBe(first)
    await pool.close()
  })

  test('that has run one bundle runs no other', async () => {
    const pool = new ExecutorPool(assets, 1)
    const first = pool.acquire('a')
    pool.release(first, 'a', true)
    const other = pool.acquire('b')
    expect(other).not.toBe(first)
    expect(pool.acquire('a')).toBe(first)
    await pool.close()
  })

  test('is ended when others have been used since', async () => {
    const pool = new ExecutorPool(assets, 1)
    const first = pool.acquire('a')
    pool.release(first, 'a', true)
    pool.release(pool.acquire('b'), 'b', true)
    await first.gone()
    expect(pool.acquire('a')).not.toBe(first)
    await pool.close()
  })

  test('is not used again after its thread was terminated', async () => {
    const pool = new ExecutorPool(assets, 1)
    const first = pool.acquire('a')
    const report = await new Run(hangs, first, 1).report()
    expect(report).toMatchObject({ healthy: false, result: { outcome: { limit: 'wallMs' } } })
    pool.release(first, 'a', report.healthy)
    const second = pool.acquire('a')
    expect(second).not.toBe(first)
    await first.gone()
    expect(isAlive(first.pid!)).toBe(false)
    await pool.close()
  })

  test('exits when the sandbox is closed, idle or busy', async () => {
    const pool = new ExecutorPool(assets, 2)
    const [atWork, idle] = [pool.acquire('a'), pool.acquire('a')]
    const run = new Run(jobOf(agentSource('for (;;) await sleep(1)')), atWork, 1).report()
    pool.release(idle, 'a', true)
    await pool.close()
    expect([atWork, idle].map(({ pid }) => isAlive(pid!))).toEqual([false, false])
    expect((await run).result.outcome.kind).toBe('failed')
  })

  test('is replaced by a spare one after a second, unless the function was suspended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let forked = 0
    const fork = (folder: string) => {
      forked++
      return new ExecutorProcess(folder)
    }
    const pool = new ExecutorPool(assets, 1, fork)
    const first = pool.acquire('a')
    vi.advanceTimersByTime(900)
    pool.release(first, 'a', true)
    expect(pool.acquire('a')).toBe(first)
    vi.advanceTimersByTime(900)
    expect(forked).toBe(1)
    vi.advanceTimersByTime(100)
    expect(forked).toBe(2)
    // Takes the spare executor; then Lambda suspends the function.
    expect(pool.acquire('b')).not.toBe(first)
    vi.spyOn(performance, 'now').mockReturnValue(60_000)
    vi.advanceTimersByTime(1_000)
    expect(forked).toBe(2)
    vi.useRealTimers()
    await pool.close()
  })

  test('that died while it waited is replaced', async () => {
    const pool = new ExecutorPool(assets, 1)
    const waiting = pool.acquire('a')
    pool.release(waiting, 'a', true)
    process.kill(waiting.pid!, 'SIGKILL')
    await waiting.gone()
    expect(pool.acquire('a')).not.toBe(waiting)
    await pool.close()
  })
})

describe('a sandbox', () => {
  test('that is closed refuses jobs', async () => {
    const sandbox = createSandbox({ assets })
    await sandbox[Symbol.asyncDispose]()
    await expect(sandbox.run(works)).rejects.toThrow('closed')
  })

  test('without assets fails runs, and hides the reason from the sender', async () => {
    await using sandbox = createSandbox({ assets: tmpdir(), spare: 0 })
    expect((await sandbox.run(works)).outcome).toMatchObject({ kind: 'failed' })
  })
})
