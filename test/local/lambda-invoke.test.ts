import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type InvokeCommandInput,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestCloud, type TestCloud } from './support/cloud.ts'
import { until } from './support/processes.ts'

let local: TestCloud
beforeAll(async () => {
  local = await startTestCloud({ lambda: { retryDelaysMs: [1, 1] } })
})
afterAll(() => local.close())

async function invoke(FunctionName: string, event?: unknown, more: Partial<InvokeCommandInput> = {}) {
  const sent = event === undefined ? {} : { Payload: JSON.stringify(event) }
  const answer = await local.lambda.send(new InvokeCommand({ FunctionName, ...sent, ...more }))
  const text = answer.Payload?.transformToString() ?? ''
  return { ...answer, value: text === '' ? undefined : JSON.parse(text) }
}

describe('handlers', () => {
  test('an async handler gets the event and returns the answer', async () => {
    const fn = await local.deploy('export const handler = async (event) => ({ got: event })')
    const answer = await invoke(fn.name, { word: 'Grüße 🛰' })
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST', value: { got: { word: 'Grüße 🛰' } } })
    expect(answer.FunctionError).toBeUndefined()
  })

  test('a missing event is an empty object, and a missing answer is null', async () => {
    const fn = await local.deploy('export const handler = async (event) => event.nothing ?? Object.keys(event)')
    expect((await invoke(fn.name)).value).toEqual([])
    const silent = await local.deploy('export const handler = async () => {}')
    expect((await invoke(silent.name)).value).toBe(null)
  })

  test.each([
    ['CommonJS', { 'index.js': 'exports.handler = async () => require("node:path").sep' }],
    ['CommonJS by its name', { 'index.cjs': 'module.exports = { handler: async () => "/" }' }],
    [
      'a module by its package',
      { 'package.json': '{"type":"module"}', 'index.js': 'export const handler = async () => "/"' },
    ],
  ])('a handler may be %s', async (_, files) => {
    const fn = await local.deploy(files as unknown as Record<string, string>)
    expect((await invoke(fn.name)).value).toBe('/')
  })

  test('a handler can be an export inside an export', async () => {
    const fn = await local.deploy({ 'app.mjs': 'export const api = { v1: async () => 1 }' }, { handler: 'app.api.v1' })
    expect((await invoke(fn.name)).value).toBe(1)
  })

  test('a callback answers when the event loop is empty', async () => {
    const fn = await local.deploy(`
      let work = 'none'
      export const handler = (event, context, callback) => {
        const before = work
        work = 'begun'
        setTimeout(() => { work = 'done' }, 20)
        callback(null, before)
      }`)
    expect((await invoke(fn.name)).value).toBe('none')
    expect((await invoke(fn.name)).value).toBe('done')
  })

  test('a callback answers at once if the handler requests it', async () => {
    const fn = await local.deploy(`
      export const handler = (event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = false
        setTimeout(() => {}, 60_000)
        callback(null, 'at once')
      }`)
    expect((await invoke(fn.name)).value).toBe('at once')
  })

  test('a handler that never answers returns null when its event loop is empty', async () => {
    const fn = await local.deploy('export const handler = () => new Promise(() => {})')
    expect((await invoke(fn.name)).value).toBe(null)
    expect((await invoke(fn.name)).value).toBe(null)
  })

  test('a buffered call of a streaming handler gets the whole stream', async () => {
    const fn = await local.deploy(`
      export const handler = awslambda.streamifyResponse(async (event, stream) => {
        for (const part of ['{"a"', ':', '1}']) stream.write(part)
        stream.end()
      })`)
    expect((await invoke(fn.name)).value).toEqual({ a: 1 })
  })
})

describe('a function’s surroundings', () => {
  const PROBE = `
    export const handler = async (event, context) => ({
      ...context, left: context.getRemainingTimeInMillis(), env: process.env, cwd: process.cwd(), zone: new Date(0).getHours(),
    })`

  test('the context is the same as on AWS', async () => {
    const fn = await local.deploy(PROBE, { timeoutSeconds: 7, memoryMb: 256 })
    const ClientContext = Buffer.from('{"client":"Prüfer"}').toString('base64')
    const { value, $metadata } = await invoke(fn.name, {}, { ClientContext })
    expect(value).toMatchObject({
      functionName: fn.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:eu-west-1:000000000000:function:${fn.name}`,
      memoryLimitInMB: '256',
      awsRequestId: $metadata.requestId,
      logGroupName: `/aws/lambda/${fn.name}`,
      clientContext: { client: 'Prüfer' },
    })
    expect(value.left).toBeGreaterThan(0)
    expect(value.left).toBeLessThanOrEqual(7000)
  })

  test('the environment has Lambda’s variables and the function’s own, and none of the host', async () => {
    process.env.LANDER_TEST_SECRET = 'stays outside'
    const fn = await local.deploy(PROBE, { environment: { GREETING: 'hello' } })
    const { env, cwd, zone } = (await invoke(fn.name)).value
    delete process.env.LANDER_TEST_SECRET
    expect(Object.keys(env).sort()).toEqual(
      `AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_ENDPOINT_URL AWS_EXECUTION_ENV
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION
      AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API
      AWS_REGION AWS_SECRET_ACCESS_KEY GREETING LAMBDA_TASK_ROOT LANG PATH TZ _HANDLER _X_AMZN_TRACE_ID`.split(/\s+/),
    )
    expect(env).toMatchObject({
      AWS_REGION: 'eu-west-1',
      GREETING: 'hello',
      LAMBDA_TASK_ROOT: fn.codeDir,
      _HANDLER: 'index.handler',
    })
    expect(env.AWS_LAMBDA_RUNTIME_API).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(env._X_AMZN_TRACE_ID).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/)
    expect(env.AWS_LAMBDA_LOG_STREAM_NAME).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/)
    expect({ cwd, zone }).toEqual({ cwd: fn.codeDir, zone: 0 })
  })

  test('the function’s endpoint is its own region, not the public port', async () => {
    const fn = await local.deploy(PROBE)
    const { env } = (await invoke(fn.name)).value
    expect(env.AWS_ENDPOINT_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(env.AWS_ENDPOINT_URL).not.toBe(local.cloud.endpoint)
  })
})

describe('kinds of calls', () => {
  test('LogType Tail returns what the function printed, between START and REPORT', async () => {
    const fn = await local.deploy('export const handler = async () => { console.log("out"); console.error("err") }')
    const { LogResult = '', $metadata } = await invoke(fn.name, {}, { LogType: 'Tail' })
    const log = Buffer.from(LogResult, 'base64').toString()
    expect(log).toMatch(
      /^START RequestId: .*\n(out\nerr|err\nout)\nEND RequestId: .*\nREPORT RequestId: .*Init Duration/,
    )
    expect(log).toContain($metadata.requestId)
    expect(local.cloud.functionLogs('eu-west-1', fn.name)).toContain('out\n')
  })

  test('the tail is the last 4 KB', async () => {
    const fn = await local.deploy('export const handler = async () => { console.log("x".repeat(9000) + "END OF LOG") }')
    const { LogResult = '' } = await invoke(fn.name, {}, { LogType: 'Tail' })
    const log = Buffer.from(LogResult, 'base64')
    expect(log.length).toBe(4096)
    expect(log.toString()).toContain('END OF LOG')
  })

  test('DryRun runs nothing', async () => {
    const fn = await local.deploy('throw new Error("loaded")')
    expect((await invoke(fn.name, {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204)
  })

  test('Event is accepted at once and retried twice if it fails', async () => {
    const mark = join(local.dir, 'tries')
    const fn = await local.deploy(`
      import { appendFileSync } from 'node:fs'
      export const handler = async (event, context) => {
        appendFileSync(${JSON.stringify(mark)}, context.awsRequestId + '\\n')
        throw new Error('again')
      }`)
    const { StatusCode, $metadata } = await invoke(fn.name, {}, { InvocationType: 'Event' })
    expect(StatusCode).toBe(202)
    const tries = async () => (await readFile(mark, 'utf8').catch(() => '')).trim().split('\n')
    await until(async () => (await tries()).length === 3)
    expect(new Set(await tries())).toEqual(new Set([$metadata.requestId]))
    await invoke(fn.name)
    expect((await tries()).length).toBe(4)
  })

  test('an Event waits while all instances are busy', async () => {
    const mark = join(local.dir, 'turns')
    const fn = await local.deploy(
      `
      import { appendFileSync } from 'node:fs'
      import { setTimeout as sleep } from 'node:timers/promises'
      export const handler = async (event) => { await sleep(20); appendFileSync(${JSON.stringify(mark)}, event.n + '\\n') }`,
      { reservedConcurrency: 1 },
    )
    for (const n of [1, 2, 3]) await invoke(fn.name, { n }, { InvocationType: 'Event' })
    const turns = async () => (await readFile(mark, 'utf8').catch(() => '')).trim().split('\n').sort()
    await until(async () => (await turns()).length === 3)
    expect(await turns()).toEqual(['1', '2', '3'])
  })
})

describe('names', () => {
  test('name, name:$LATEST, account:function:name and ARNs are the same function', async () => {
    const fn = await local.deploy('export const handler = async () => 1')
    const arn = `arn:aws:lambda:eu-west-1:000000000000:function:${fn.name}`
    const names = [fn.name, `${fn.name}:$LATEST`, `000000000000:function:${fn.name}`, arn, `${arn}:$LATEST`]
    for (const name of names) expect((await invoke(name)).value).toBe(1)
    expect((await invoke(fn.name, {}, { Qualifier: '$LATEST' })).value).toBe(1)
  })

  test('GetFunction, GetFunctionConfiguration and ListFunctions describe it', async () => {
    const fn = await local.deploy('', { memoryMb: 512, reservedConcurrency: 5 })
    const configuration = { FunctionName: fn.name, FunctionArn: fn.arn, MemorySize: 512, Timeout: 3, State: 'Active' }
    const got = await local.lambda.send(new GetFunctionCommand({ FunctionName: fn.name }))
    expect(got.Configuration).toMatchObject(configuration)
    expect(got.Concurrency?.ReservedConcurrentExecutions).toBe(5)
    const alone = await local.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: fn.name }))
    expect(alone).toMatchObject(configuration)
    const { Functions = [] } = await local.lambda.send(new ListFunctionsCommand())
    expect(Functions.map((one) => one.FunctionName)).toContain(fn.name)
  })
})
