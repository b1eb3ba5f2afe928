import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildLambdaRuntime } from '../../lib/assets/runtime-asset.ts'
import { createRuntimeApi, type RuntimeApi, type RuntimeListener } from '../../lib/local/lambda/runtime-api.ts'
import { until } from './support/processes.ts'

/** Calls a Runtime API directly, without our runtime. */
let api: RuntimeApi
let told: [string, unknown][]
let taken: boolean
beforeEach(async () => {
  told = []
  taken = true
  const listener: RuntimeListener = {
    onReady: () => void told.push(['ready', undefined]),
    onFailure: (failure) => void told.push(['failure', failure]),
    onInitFailure: (failure) => void told.push(['initFailure', failure]),
    async onResponse({ streaming, contentType, body, failure }) {
      const text = (await buffer(body)).toString()
      told.push(['response', { streaming, contentType, text, failure: failure() }])
      return taken
    },
  }
  api = await createRuntimeApi(listener)
})
afterEach(() => api.close())

const url = (path: string) => `http://${api.address}/2018-06-01/runtime${path}`
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url(path), { method: 'POST', body, headers })

const EVENT = {
  requestId: 'id-1',
  deadlineMs: 1_800_000_000_000,
  functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
  traceId: 'Root=1-00000000-000000000000000000000000',
  clientContext: '{"a":1}',
  payload: Buffer.from('{"b":2}'),
}

/** Polls for an event, and sends one after the poll has arrived. */
async function takeEvent(event = EVENT) {
  const polls = told.filter(([what]) => what === 'ready').length
  const polled = fetch(url('/invocation/next'))
  while (told.filter(([what]) => what === 'ready').length === polls) await new Promise(setImmediate)
  api.hand(event)
  return polled
}

test('delivers an event with its id, deadline, function, trace and client context', async () => {
  const answer = await takeEvent()
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': 'id-1',
    'lambda-runtime-deadline-ms': '1800000000000',
    'lambda-runtime-invoked-function-arn': EVENT.functionArn,
    'lambda-runtime-trace-id': EVENT.traceId,
    'lambda-runtime-client-context': '{"a":1}',
  })
  expect(await answer.text()).toBe('{"b":2}')
})

test('omits the client context’s header if there is none', async () => {
  const answer = await takeEvent({ ...EVENT, clientContext: undefined as never })
  expect(answer.headers.has('lambda-runtime-client-context')).toBe(false)
})

test('accepts a response with 202, and refuses one that is too large with 413', async () => {
  await takeEvent()
  expect((await post('/invocation/id-1/response', 'answer')).status).toBe(202)
  expect(told.at(-1)).toEqual(['response', expect.objectContaining({ streaming: false, text: 'answer' })])
  taken = false
  expect((await post('/invocation/id-1/response', 'answer')).status).toBe(413)
})

test('a streamed response has its content type, and its error in the trailers', async () => {
  await takeEvent()
  const failure = { errorType: 'Runtime.Broken', errorMessage: 'half way' }
  const call = request(url('/invocation/id-1/response'), {
    method: 'POST',
    headers: {
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      'Content-Type': 'text/plain',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    },
  })
  call.write('some')
  call.addTrailers({
    'Lambda-Runtime-Function-Error-Type': failure.errorType,
    'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(failure)).toString('base64'),
  })
  call.end()
  await once(call, 'response')
  expect(told.at(-1)).toEqual(['response', { streaming: true, contentType: 'text/plain', text: 'some', failure }])
})

test.each([
  ['a documented body', '{"errorType":"E","errorMessage":"m"}', { errorType: 'E', errorMessage: 'm' }],
  ['no body', '', { errorType: 'From.Header', errorMessage: '' }],
  ['a body of another shape', '{"errorType":1}', { errorType: 'From.Header', errorMessage: '' }],
])('an error is taken with %s', async (_, body, failure) => {
  const headers = { 'Lambda-Runtime-Function-Error-Type': 'From.Header' }
  expect((await post('/init/error', body, headers)).status).toBe(202)
  expect(told.at(-1)).toEqual(['initFailure', failure])
  await takeEvent()
  expect((await post('/invocation/id-1/error', body, headers)).status).toBe(202)
  expect(told.at(-1)).toEqual(['failure', failure])
})

test('refuses an answer to another call, and one after the next poll', async () => {
  expect((await post('/invocation/id-1/response', 'early')).status).toBe(400)
  await takeEvent()
  expect((await post('/invocation/id-2/response', 'other')).status).toBe(400)
  await takeEvent({ ...EVENT, requestId: 'id-2' })
  expect((await post('/invocation/id-1/error', '{}')).status).toBe(400)
  expect(told.filter(([what]) => what === 'response' || what === 'failure')).toEqual([])
})

test('answers 404 for other paths, methods and versions', async () => {
  expect((await fetch(url('/invocation/last'))).status).toBe(404)
  expect((await post('/invocation/next', '')).status).toBe(404)
  expect((await fetch(`http://${api.address}/2020-01-01/extension/event/next`)).status).toBe(404)
})

test('our runtime works with the API, and exits when the API is gone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-runtime-'))
  const bootstrap = await buildLambdaRuntime(dir)
  await writeFile(join(dir, 'index.mjs'), 'export const handler = async (event) => ({ got: event })')
  const env = { AWS_LAMBDA_RUNTIME_API: api.address, LAMBDA_TASK_ROOT: dir, _HANDLER: 'index.handler' }
  const runtime = spawn(process.execPath, [bootstrap], { env, stdio: 'inherit' })
  const ended = once(runtime, 'exit')
  await until(() => told.at(-1)?.[0] === 'ready')
  api.hand(EVENT)
  await until(() => told.length === 3)
  expect(told[1]).toEqual(['response', expect.objectContaining({ streaming: false, text: '{"got":{"b":2}}' })])
  api.close()
  expect(await ended).toEqual([0, null])
  await rm(dir, { recursive: true })
})
