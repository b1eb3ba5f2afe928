import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../lib/objects/memory.ts'
import type { ObjectStore } from '../../lib/objects/store.ts'
import type { JobResult } from '../../lib/sandbox/contract/job.ts'
import { createSandbox } from '../../lib/sandbox/parent/sandbox.ts'
import { FILED_CHUNK_BYTES } from '../../lib/sandbox/wire/protocol.ts'
import { jobOf, type RunOptions } from '../support/jobs.ts'

/**
 * An executor in the hands of an agent that broke out of the engine, and of the thread, and of everything but its
 * process: what it may say to the sandbox, and what comes of it.
 */
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Runs a job in an executor that does `script` with `say(header, body)`, once it was given its run. */
async function runIn(script: string, options: RunOptions = {}): Promise<JobResult> {
  const assets = mkdtempSync(join(tmpdir(), 'lander-hostile-'))
  folders.push(assets)
  writeFileSync(join(assets, 'executor.mjs'), hostile(script))
  await using sandbox = createSandbox({ assets, spare: 0 })
  return await sandbox.run(jobOf('', options))
}

const hostile = (script: string) => `
import { Socket } from 'node:net'
const pipe = new Socket({ fd: 3, readable: true, writable: true })
const raw = (header, body) => {
  const prefix = Buffer.alloc(8); prefix.writeUInt32BE(header.length, 0); prefix.writeUInt32BE(body.length, 4)
  pipe.write(Buffer.concat([prefix, header, body]))
}
const say = (header, body = '') => raw(Buffer.from(JSON.stringify({ run: 1, ...header })), Buffer.from(body))
const end = { type: 'end', kind: 'completed', memoryPages: 1, healthy: true }
const object = { from: 'object', bucket: 'data', key: 'a', etag: 'e', start: 0, end: 1 }
pipe.on('close', () => process.exit())
pipe.once('data', () => { ${script} })
pipe.on('data', (piece) => { globalThis.received = Buffer.concat([globalThis.received ?? Buffer.alloc(0), piece]) })
`

const BROKEN = {
  kind: 'failed',
  error: { code: 'AGENT_THREW', message: 'the executor of the agent ended unexpectedly' },
}

describe('an executor that follows the protocol', () => {
  test('is served', async () => {
    const { outcome } = await runIn(`say({ type: 'started' }); say(end, '[1]')`)
    expect(outcome).toEqual({ kind: 'completed', value: [1] })
  })
})

describe('an executor that', () => {
  test.each([
    ['exits', `say({ type: 'started' }); setTimeout(() => process.exit(), 20)`],
    ['says something unknown', `say({ type: 'started' }); say({ type: 'credentials' })`],
    ['adds to a message', `say({ type: 'started' }); say({ ...end, extra: 1 }, '1')`],
    ['speaks of another run', `say({ type: 'started' }); say({ ...end, run: 2 }, '1')`],
    ['starts twice', `say({ type: 'started' }); say({ type: 'started' })`],
    ['returns what is not JSON', `say({ type: 'started' }); say(end, '{')`],
    ['fails with what is not a failure', `say({ type: 'started' }); say({ ...end, kind: 'failed' }, '[]')`],
    ['sends a header that is not JSON', `say({ type: 'started' }); raw(Buffer.from('{'), Buffer.alloc(0))`],
    ['sends a header of a gigabyte', `say({ type: 'started' }); pipe.write(Buffer.from('40000000000000ff', 'hex'))`],
    ['sends a body of a gigabyte', `say({ type: 'started' }); pipe.write(Buffer.from('0000000240000000', 'hex'))`],
    ['says it is further than it can be', `say({ type: 'started' }); say({ type: 'progress', fraction: 2 })`],
    [
      'opens a stream twice',
      `say({ type: 'started' }); for (const _ of [1, 2]) say({ type: 'open', stream: 1, source: object })`,
    ],
    [
      'opens too many streams',
      `say({ type: 'started' }); for (let n = 0; n < 200; n++) say({ type: 'open', stream: n, source: object })`,
    ],
    [
      'reads from nowhere',
      `say({ type: 'started' }); say({ type: 'open', stream: 1, source: { from: 'file', path: '/etc/passwd' } })`,
    ],
    [
      'wants a chunk where there is no place for it',
      `say({ type: 'started' }); say({ type: 'open', stream: 1, source: object, place: 16 })`,
    ],
    [
      'reads before the start',
      `say({ type: 'started' }); say({ type: 'open', stream: 1, source: { ...object, start: -1 } })`,
    ],
  ])('%s is ended', async (_what, script) => {
    expect((await runIn(script)).outcome).toEqual(BROKEN)
  })

  test('returns more than its limit is stopped', async () => {
    const { outcome } = await runIn(`say({ type: 'started' }); say(end, JSON.stringify('x'.repeat(60)))`, {
      limits: { resultBytes: 50 },
    })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'resultBytes' })
  })

  test('invents a failure code gets AGENT_THREW', async () => {
    const { outcome } = await runIn(`say({ type: 'started' }); say({ ...end, kind: 'failed' }, '{"code":"SECRET_42"}')`)
    expect(outcome).toEqual({ kind: 'failed', error: { code: 'AGENT_THREW' } })
  })

  test('sends without end is killed', async () => {
    const script = `say({ type: 'started' }); for (let n = 0; n < 1e4; n++) say({ type: 'log' }, 'x'.repeat(50))`
    const { outcome, logs } = await runIn(script, { limits: { logBytes: 1000 } })
    expect([outcome, logs.length]).toMatchObject([{ kind: 'stopped', limit: 'logBytes' }, 19])
  })

  test('requests without end is killed', async () => {
    const script = `say({ type: 'started' }); for (let n = 0; n < 2e4; n++) say({ type: 'pull', stream: 1 })`
    const { outcome } = await runIn(script, { limits: { hostCalls: 100 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'hostCalls' })
  })

  test('never ends is killed', async () => {
    const { outcome } = await runIn(`say({ type: 'started' }); for (;;);`, { limits: { wallMs: 100 } })
    expect(outcome).toMatchObject({ kind: 'stopped', limit: 'wallMs' })
  })

  test.each([
    ['read another file', `(await import('node:fs')).readFileSync(process.execPath)`],
    ['write a file', `(await import('node:fs')).writeFileSync('left-behind', '')`],
    ['start a process', `(await import('node:child_process')).spawnSync(process.execPath)`],
    ['compile code', `new Function('return 1')()`],
  ])('wants to %s can not', async (_what, act) => {
    const attempt = `(async () => { ${act} })().then(() => 'done', (error) => error.name + error.code)`
    const { outcome } = await runIn(
      `say({ type: 'started' }); ${attempt}.then((said) => say(end, JSON.stringify(said)))`,
    )
    expect(outcome).toMatchObject({ value: expect.stringMatching(/^(ErrorERR_ACCESS_DENIED|EvalError)/) })
  })

  test('has no environment', async () => {
    const { outcome } = await runIn(`say({ type: 'started' }); say(end, JSON.stringify(Object.keys(process.env)))`)
    expect(outcome).toEqual({ kind: 'completed', value: [] })
  })

  test.each([
    ['is given', '', 'as it was'],
    ['has closed the stream of is not given', `say({ type: 'close', stream: 1 })`, ''],
  ])('%s the chunk it asked for', async (_what, act, expected) => {
    const bytes = Buffer.alloc(100_000, 'as it was')
    const store: ObjectStore = {
      ...createMemoryStore(),
      stat: async (ref) => ({ ...ref, size: bytes.length, etag: 'e' }),
      async *read() {
        await sleep(50)
        yield bytes
      },
    }
    const script = `
      say({ type: 'started' })
      say({ type: 'open', stream: 1, source: { ...object, end: ${bytes.length} }, place: 3 })
      ${act}
      setTimeout(async () => {
        const there = Buffer.alloc(9)
        const read = (await import('node:fs')).readSync(Number(process.argv[2]), there, 0, 9, 3 * ${FILED_CHUNK_BYTES})
        say(end, JSON.stringify(there.toString('utf8', 0, read)))
      }, 200)`
    const { outcome } = await runIn(script, { store })
    expect(outcome).toEqual({ kind: 'completed', value: expected })
  })

  test('names an object outside of its scopes gets an error, not the object', async () => {
    const script = `
      say({ type: 'started' })
      say({ type: 'open', stream: 1, source: { ...object, bucket: 'other', key: 'secret' } })
      setTimeout(() => say(end, JSON.stringify(String(globalThis.received))), 100)`
    const { outcome } = await runIn(script)
    expect(JSON.stringify(outcome)).toContain('OBJECT_OUT_OF_SCOPE')
  })
})
