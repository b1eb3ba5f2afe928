import { describe, expect, test } from 'vitest'
import { readEnvironment } from '../../functions/compiler/environment.ts'
import { createHandler } from '../../functions/compiler/handler.ts'
import { KernelError } from '../../lib/errors.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { kernelDigest } from '../../lib/kernels/toolchain.ts'
import { createMemoryAgentBucket, kernelKey } from '../../lib/objects/agent-bucket.ts'
import { wasmModule } from '../support/wasm.ts'

const EVENT = { lander: FORMAT_VERSION, source: 'int f(void) { return 1; }', language: 'c' } as const
const compiled = { binary: wasmModule(), prototypes: new Map(), unusable: new Map() }

function handlerOf(changes: Partial<Parameters<typeof createHandler>[0]> = {}) {
  const reports: unknown[] = []
  const agents = createMemoryAgentBucket()
  const compiler = { compile: async () => compiled }
  const handler = createHandler({ compiler, agents, report: (error) => reports.push(error), ...changes })
  return { handler, agents, reports }
}

describe('the compiler function', () => {
  test('answers with the binary, and stores it under the digest of its source', async () => {
    const { handler, agents } = handlerOf()
    expect(await handler(EVENT)).toEqual({ binary: Buffer.from(wasmModule()).toString('base64') })
    expect(await agents.get(kernelKey(kernelDigest(EVENT.source, 'c')), 1e6)).toEqual(wasmModule())
  })

  test.each([
    ['nothing', null],
    ['a version that is no number', { ...EVENT, lander: '2' }],
    ['another language', { ...EVENT, language: 'rust' }],
    ['flags', { ...EVENT, flags: ['-fplugin=x'] }],
    ['no source', { lander: FORMAT_VERSION, language: 'c' }],
    ['too much source', { ...EVENT, source: 'x'.repeat(256 * 1024 + 1) }],
  ])('refuses %s', async (_, event) => {
    expect(await handlerOf().handler(event)).toMatchObject({ error: { code: 'REQUEST_MALFORMED' } })
  })

  test('refuses another version of the request', async () => {
    expect(await handlerOf().handler({ ...EVENT, lander: 3 })).toMatchObject({ error: { code: 'VERSION_UNSUPPORTED' } })
  })

  test('passes on the compiler’s error', async () => {
    const compile = async () => {
      throw new KernelError('KERNEL_COMPILE_FAILED', 'kernel.c:1:2: error: …')
    }
    const { handler, reports, agents } = handlerOf({ compiler: { compile } })
    expect(await handler(EVENT)).toEqual({
      error: { code: 'KERNEL_COMPILE_FAILED', situation: 'kernel', message: 'kernel.c:1:2: error: …' },
    })
    expect(reports).toEqual([])
    expect(await agents.get(kernelKey(kernelDigest(EVENT.source, 'c')), 1e6)).toBeUndefined()
  })

  test('answers even if the binary can not be stored, and logs that', async () => {
    const full = new Error('no room')
    const { handler, reports } = handlerOf({ agents: { put: () => Promise.reject(full) } })
    expect(await handler(EVENT)).toHaveProperty('binary')
    expect(reports).toEqual([full])
  })

  test('hides internal errors', async () => {
    const { handler, reports } = handlerOf({ compiler: { compile: () => Promise.reject(new Error('/secret/path')) } })
    expect(await handler(EVENT)).toEqual({
      error: { code: 'INTERNAL', situation: 'internal', message: 'an internal error occurred' },
    })
    expect(reports).toHaveLength(1)
  })

  test('names a missing environment variable', () => {
    expect(() => readEnvironment({ AWS_REGION: 'eu-west-1' })).toThrow(/LANDER_AGENT_BUCKET/)
  })
})
