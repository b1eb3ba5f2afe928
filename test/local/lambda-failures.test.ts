import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REGION, startTestCloud, type TestCloud } from './support/cloud.ts'
import { until } from './support/processes.ts'
import { type SignedPost, signedPost } from './support/signed-post.ts'

let local: TestCloud
beforeAll(async () => {
  local = await startTestCloud({ lambda: { concurrency: 3 } })
})
afterAll(() => local.close())

async function invoke(FunctionName: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
  const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more })
  const { Payload, FunctionError, LogResult } = await local.lambda.send(command)
  const log = Buffer.from(LogResult ?? '', 'base64').toString()
  return { FunctionError, value: JSON.parse(Payload?.transformToString() ?? ''), log }
}

const post = (path: string, body: string, more?: SignedPost) => signedPost(local.cloud, path, body, more)

describe('failures of a function', () => {
  test('returns a thrown error with type, message and trace, and logs it', async () => {
    const fn = await local.deploy('export const handler = async () => { throw new RangeError("too far") }')
    const { FunctionError, value, log } = await invoke(fn.name, {}, { LogType: 'Tail' })
    expect(FunctionError).toBe('Unhandled')
    expect(value).toMatchObject({ errorType: 'RangeError', errorMessage: 'too far' })
    expect(value.trace.join('\n')).toContain('index.mjs:1')
    expect(log).toContain('RangeError: too far')
  })

  test('reports any thrown value', async () => {
    const fn = await local.deploy('export const handler = async (event) => { throw event.what }')
    expect((await invoke(fn.name, { what: 'text' })).value).toMatchObject({ errorType: 'string', errorMessage: 'text' })
    expect((await invoke(fn.name, { what: null })).value).toMatchObject({ errorMessage: 'null' })
  })

  test('an error can have any name', async () => {
    const fn = await local.deploy(
      'export const handler = async () => { throw Object.assign(new Error("x"), { name: "line\\nbreak ☠" }) }',
    )
    expect((await invoke(fn.name)).value).toMatchObject({ errorType: 'line\nbreak ☠', errorMessage: 'x' })
  })

  test('reports an error of a callback', async () => {
    const fn = await local.deploy('export const handler = (event, context, done) => { done(new Error("by callback")) }')
    expect((await invoke(fn.name)).value).toMatchObject({ errorType: 'Error', errorMessage: 'by callback' })
  })

  test('reports an answer that is not JSON', async () => {
    const fn = await local.deploy('export const handler = async () => 1n')
    expect((await invoke(fn.name)).value).toMatchObject({ errorType: 'TypeError' })
  })

  test.each([
    ['process.exit(0)', 'Runtime exited without providing a reason'],
    ['process.exit(7)', 'Runtime exited with error: exit status 7'],
    [
      'process.kill(process.pid, "SIGKILL"); await new Promise((r) => setTimeout(r, 1e5))',
      'Runtime exited with error: signal: kill',
    ],
  ])('%s is Runtime.ExitError', async (manifest, message) => {
    const fn = await local.deploy(`export const handler = async () => { ${manifest} }`)
    const { FunctionError, value } = await invoke(fn.name)
    expect(FunctionError).toBe('Unhandled')
    expect(value).toMatchObject({ errorType: 'Runtime.ExitError' })
    expect(value.errorMessage).toMatch(/^RequestId: [0-9a-f-]{36} Error: /)
    expect(value.errorMessage).toContain(message)
  })

  test('an error outside the handler ends the process and is reported', async () => {
    const fn = await local.deploy(`export const handler = async ({ how }) => {
      if (how === 'throw') setTimeout(() => { throw new TypeError('stray') })
      if (how === 'reject') void Promise.reject(new TypeError('stray'))
      if (how !== undefined) await new Promise((r) => setTimeout(r, 1e5))
      return process.pid
    }`)
    const first = (await invoke(fn.name)).value
    const thrown = (await invoke(fn.name, { how: 'throw' })).value
    expect(thrown).toMatchObject({ errorType: 'TypeError', errorMessage: 'stray' })
    const rejected = (await invoke(fn.name, { how: 'reject' })).value
    expect(rejected).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'TypeError: stray' })
    const last = (await invoke(fn.name)).value
    expect(last).not.toBe(first)
  })

  test.each([
    ['a file that is missing', {}, 'index.handler', 'Runtime.ImportModuleError'],
    ['an import that is missing', { 'index.mjs': 'import "nowhere"' }, 'index.handler', 'Runtime.ImportModuleError'],
    ['broken syntax', { 'index.mjs': 'export const =' }, 'index.handler', 'Runtime.UserCodeSyntaxError'],
    [
      'an export that is missing',
      { 'index.mjs': 'export const other = 1' },
      'index.handler',
      'Runtime.HandlerNotFound',
    ],
    ['a handler without a name', { 'index.mjs': '' }, 'index', 'Runtime.MalformedHandlerName'],
    ['a handler outside of the code', { 'index.mjs': '' }, '../index.handler', 'Runtime.MalformedHandlerName'],
    ['an error while loading', { 'index.mjs': 'throw new EvalError("not today")' }, 'index.handler', 'EvalError'],
    ['an exit while loading', { 'index.mjs': 'process.exit(4)' }, 'index.handler', 'Runtime.ExitError'],
  ])('%s fails the call that waited for the start', async (_, files, handler, errorType) => {
    const fn = await local.deploy(files as Record<string, string>, { handler })
    expect(await invoke(fn.name)).toMatchObject({ FunctionError: 'Unhandled', value: { errorType } })
    expect(await invoke(fn.name)).toMatchObject({ FunctionError: 'Unhandled', value: { errorType } })
  })

  test('reports a timeout, and starts a new instance for the next call', async () => {
    const fn = await local.deploy(
      'export const handler = async (event) => { if (event.slow) await new Promise((r) => setTimeout(r, 1e6)); return process.pid }',
      { timeoutSeconds: 1 },
    )
    const before = (await invoke(fn.name)).value
    const { FunctionError, value } = await invoke(fn.name, { slow: true })
    expect(FunctionError).toBe('Unhandled')
    expect(value.errorType).toBe('Sandbox.Timedout')
    expect(value.errorMessage).toMatch(/^RequestId: .* Error: Task timed out after 1\.00 seconds$/)
    expect((await invoke(fn.name)).value).not.toBe(before)
  })

  test('stops a loop that never yields', async () => {
    const fn = await local.deploy('export const handler = async () => { for (;;); }', { timeoutSeconds: 1 })
    expect((await invoke(fn.name)).value).toMatchObject({ errorType: 'Sandbox.Timedout' })
  })

  test('kills the function above its memory limit, and counts child processes too', async () => {
    const hog = 'const held = []; setInterval(() => held.push(Buffer.alloc(32e6, 1)), 10)'
    const fn = await local.deploy(
      {
        'index.mjs': `
        import { spawn } from 'node:child_process'
        export const handler = async ({ inChild }) => {
          if (inChild) spawn(process.execPath, [import.meta.dirname + '/hog.mjs'])
          else await import('./hog.mjs')
          await new Promise(() => setTimeout(() => {}, 1e6))
        }`,
        'hog.mjs': hog,
      },
      { timeoutSeconds: 30, memoryMb: 256 },
    )
    for (const inChild of [false, true]) {
      const { FunctionError, value } = await invoke(fn.name, { inChild })
      expect(FunctionError).toBe('Unhandled')
      expect(value.errorType).toBe('Runtime.OutOfMemory')
      expect(value.errorMessage).toMatch(/Memory Size: 256 MB Max Memory Used: \d+ MB$/)
    }
  })

  test('refuses an answer above 6 MB, buffered or streamed, and accepts one of 6 MB', async () => {
    const fn = await local.deploy('export const handler = async (event) => "x".repeat(event.size - 2)')
    const streaming = await local.deploy(
      'export const handler = awslambda.streamifyResponse(async (event, out) => { out.end(JSON.stringify("x".repeat(event.size - 2))) })',
    )
    const limit = 6 * 1024 * 1024 + 100
    for (const { name } of [fn, streaming]) {
      expect((await invoke(name, { size: limit })).FunctionError).toBeUndefined()
      const { FunctionError, value } = await invoke(name, { size: limit + 1 })
      expect(FunctionError).toBe('Unhandled')
      expect(value.errorType).toBe('Function.ResponseSizeTooLarge')
      expect((await invoke(name, { size: 100 })).FunctionError).toBeUndefined()
    }
  })
})

describe('refusals of the service', () => {
  test('404 for a missing function, version or region', async () => {
    const fn = await local.deploy('')
    const elsewhere = fn.arn.replace('eu-west-1', 'us-east-1')
    for (const name of ['missing', `${fn.name}:7`, elsewhere])
      await expect(invoke(name)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
      })
    const other = local.client('us-east-1').send(new InvokeCommand({ FunctionName: fn.name }))
    await expect(other).rejects.toThrow(`Function not found: ${elsewhere}`)
  })

  test('400 for an invalid name, an event that is not JSON, and an invalid client context', async () => {
    const fn = await local.deploy('')
    await expect(invoke('white space')).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    const refused = { name: 'InvalidRequestContentException', $metadata: { httpStatusCode: 400 } }
    await expect(invoke(fn.name, {}, { Payload: Buffer.from('{"a":') })).rejects.toMatchObject(refused)
    await expect(invoke(fn.name, {}, { ClientContext: 'bm90IGpzb24=' })).rejects.toMatchObject(refused)
    const long = Buffer.from(JSON.stringify('x'.repeat(3000))).toString('base64')
    await expect(invoke(fn.name, {}, { ClientContext: long })).rejects.toMatchObject(refused)
  })

  test('does not repeat the text of an invalid event', async () => {
    const fn = await local.deploy('')
    const failed = invoke(fn.name, {}, { Payload: Buffer.from('hunter2 is secret') })
    await expect(failed).rejects.not.toThrow(/hunter2/)
  })

  test('413 above 6 MB, and above 1 MB for an Event', async () => {
    const fn = await local.deploy('export const handler = async (event) => event.length')
    const ofSize = (bytes: number) => ({ Payload: Buffer.from(`"${'x'.repeat(bytes - 2)}"`) })
    const refused = { name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } }
    expect((await invoke(fn.name, {}, ofSize(6 * 1024 * 1024))).value).toBe(6 * 1024 * 1024 - 2)
    await expect(invoke(fn.name, {}, ofSize(6 * 1024 * 1024 + 1))).rejects.toMatchObject(refused)
    const event = { ...ofSize(1024 * 1024 + 1), InvocationType: 'Event' as const }
    await expect(invoke(fn.name, {}, event)).rejects.toMatchObject(refused)
    const fits = { FunctionName: fn.name, ...ofSize(1024 * 1024), InvocationType: 'Event' as const }
    expect((await local.lambda.send(new InvokeCommand(fits))).StatusCode).toBe(202)
  })

  const SLOW = `
    import { writeFileSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    export const handler = async ({ mark, wait = 0 }) => {
      if (mark) writeFileSync(mark, '')
      await sleep(wait)
      return 1
    }`

  test('429 above the reserved concurrency, with its reason', async () => {
    const fn = await local.deploy(SLOW, { reservedConcurrency: 1 })
    const mark = join(local.dir, 'busy')
    const busy = invoke(fn.name, { mark, wait: 500 })
    await until(() => existsSync(mark))
    await expect(invoke(fn.name)).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    })
    expect((await busy).value).toBe(1)
    expect((await invoke(fn.name)).value).toBe(1)
  })

  test('429 above the concurrency of the region, with its reason', async () => {
    const fn = await local.deploy(SLOW)
    const calls = await Promise.allSettled([1, 2, 3, 4].map(() => invoke(fn.name, { wait: 500 })))
    const refused = calls.filter((call) => call.status === 'rejected').map((call) => call.reason)
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ name: 'TooManyRequestsException', Reason: 'ConcurrentInvocationLimitExceeded' })
  })

  test('403 for unknown keys, a wrong secret and a missing signature', async () => {
    const fn = await local.deploy('')
    const { endpoint, credentials } = local.cloud
    const as = (keys: typeof credentials) =>
      new LambdaClient({ endpoint, region: REGION, credentials: keys }).send(
        new InvokeCommand({ FunctionName: fn.name }),
      )
    const forbidden = { $metadata: { httpStatusCode: 403 } }
    await expect(as({ ...credentials, accessKeyId: 'who' })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      ...forbidden,
    })
    await expect(as({ ...credentials, secretAccessKey: 'no' })).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      ...forbidden,
    })
  })

  test('the signature covers the body', async () => {
    const fn = await local.deploy('export const handler = async (event) => event')
    const path = `/2015-03-31/functions/${fn.name}/invocations`
    const honest = await post(path, '{"a":1}')
    expect({ status: honest.status, body: await honest.json() }).toEqual({ status: 200, body: { a: 1 } })
    const tampered = await post(path, '{"a":1}', { sent: '{"a":2}' })
    expect(tampered.status).toBe(403)
    expect(tampered.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException')
  })

  test('refuses an unknown operation and an unknown invocation type; every answer has an id', async () => {
    const fn = await local.deploy('')
    const unknown = await post('/2015-03-31/layers/a', '{}')
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get('x-amzn-errortype')).toBe('UnknownOperationException')
    expect(unknown.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
    const path = `/2015-03-31/functions/${fn.name}/invocations`
    const wrong = await post(path, '{}', { headers: { 'x-amz-invocation-type': 'Sometimes' } })
    expect(wrong.headers.get('x-amzn-errortype')).toBe('InvalidParameterValueException')
  })
})

describe('settings of a function', () => {
  test.each([
    ['a name with white space', { name: 'a b' }],
    ['a timeout of 0', { timeoutSeconds: 0 }],
    ['a timeout above 900', { timeoutSeconds: 901 }],
    ['less than 128 MB', { memoryMb: 127 }],
    ['half a megabyte', { memoryMb: 128.5 }],
    ['a variable that Lambda sets', { environment: { AWS_REGION: 'mars-north-1' } }],
  ])('%s is refused', async (_, settings) => {
    await expect(local.deploy('', settings)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('refuses a missing folder, a name in use and an unknown region', async () => {
    const { cloud, dir } = local
    const fn = await local.deploy('')
    const create = (region: string, name: string, codeDir: string) => () =>
      cloud.createFunction(region, { name, codeDir })
    expect(create(REGION, 'new', `${dir}/nowhere`)).toThrowError(expect.objectContaining({ code: 'FILE_NOT_FOUND' }))
    expect(create(REGION, fn.name, dir)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(create('mars-north-1', 'new', dir)).toThrowError(expect.objectContaining({ code: 'REGION_UNKNOWN' }))
  })
})
