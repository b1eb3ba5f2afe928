import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  type InvokeWithResponseStreamCommandInput,
} from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCloud, type TestCloud } from './support/cloud.ts'

let local: TestCloud
beforeAll(async () => {
  local = await startTestCloud()
})
afterAll(() => local.close())

async function stream(FunctionName: string, more: Partial<InvokeWithResponseStreamCommandInput> = {}) {
  const { EventStream = [] } = await local.lambda.send(new InvokeWithResponseStreamCommand({ FunctionName, ...more }))
  const chunks: string[] = []
  let end: { ErrorCode?: string | undefined; ErrorDetails?: string | undefined; LogResult?: string | undefined } = {}
  for await (const event of EventStream) {
    if (event.PayloadChunk) chunks.push(Buffer.from(event.PayloadChunk.Payload ?? []).toString())
    if (event.InvokeComplete) end = event.InvokeComplete
  }
  return { text: chunks.join(''), chunks, end }
}

test('chunks arrive while the handler is still running', async () => {
  const mark = join(local.dir, 'seen')
  const fn = await local.deploy(`
    import { existsSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      stream.write('first')
      while (!existsSync(${JSON.stringify(mark)})) await sleep(5)
      stream.end('second')
    })`)
  const { EventStream = [] } = await local.lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: fn.name }))
  const chunks: string[] = []
  for await (const event of EventStream) {
    if (event.PayloadChunk) chunks.push(Buffer.from(event.PayloadChunk.Payload ?? []).toString())
    writeFileSync(mark, '') // the handler ends only after this, so the first chunk cannot have waited for the end
  }
  expect(chunks).toEqual(['first', 'second'])
})

test('the stream ends with InvokeComplete, and with the log if requested', async () => {
  const fn = await local.deploy(`
    export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
      console.log('working for', context.functionName)
      stream.end(JSON.stringify(event))
    })`)
  const plain = await stream(fn.name, { Payload: '{"a":1}' })
  expect(plain).toMatchObject({ text: '{"a":1}', end: {} })
  expect(plain.end.LogResult).toBeUndefined()
  const { end } = await stream(fn.name, { LogType: 'Tail' })
  expect(Buffer.from(end.LogResult ?? '', 'base64').toString()).toContain(`working for ${fn.name}\n`)
})

test('HttpResponseStream puts status and headers before the body', async () => {
  const fn = await local.deploy(`
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } })
      http.write('body')
      http.end()
    })`)
  const [prelude = '', body] = (await stream(fn.name)).text.split('\0'.repeat(8))
  expect(JSON.parse(prelude)).toEqual({ statusCode: 201, headers: { 'x-a': 'b' } })
  expect(body).toBe('body')
})

test('a streamed call of an ordinary handler gets its whole answer', async () => {
  const fn = await local.deploy('export const handler = async () => ({ a: 1 })')
  expect(await stream(fn.name)).toMatchObject({ text: '{"a":1}', chunks: ['{"a":1}'] })
})

test('pipeline works, and a large answer comes in frames of at most 128 KiB', async () => {
  const fn = await local.deploy(`
    import { Readable } from 'node:stream'
    import { pipeline } from 'node:stream/promises'
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      await pipeline(Readable.from(Array.from({ length: 9 }, (_, i) => String(i).repeat(1024 * 1024))), stream)
    })`)
  const { text, chunks } = await stream(fn.name)
  expect(text).toBe(Array.from({ length: 9 }, (_, i) => String(i).repeat(1024 * 1024)).join(''))
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(128 * 1024)
})

test.each([
  ['before the first byte', `throw new TypeError('no')`, ''],
  ['after some bytes', `stream.write('some'); await new Promise(setImmediate); throw new TypeError('no')`, 'some'],
  [
    'of a source in a pipeline',
    `await pipeline(async function* () { yield 'some'; throw new TypeError('no') }, stream)`,
    'some',
  ],
  [
    'nobody caught',
    `stream.write('some'); setTimeout(() => { throw new TypeError('no') }, 5); await new Promise(() => {})`,
    'some',
  ],
])('an error %s comes with InvokeComplete', async (_, statements, text) => {
  const fn = await local.deploy(`
    import { pipeline } from 'node:stream/promises'
    export const handler = awslambda.streamifyResponse(async (event, stream) => { ${statements} })`)
  const answer = await stream(fn.name)
  expect(answer).toMatchObject({ text, end: { ErrorCode: 'Unhandled' } })
  expect(JSON.parse(answer.end.ErrorDetails ?? '')).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' })
})

test('the same error fails a buffered call', async () => {
  const fn = await local.deploy(`
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      stream.write('{"half":')
      throw new TypeError('no')
    })`)
  const { FunctionError, Payload } = await local.lambda.send(new InvokeCommand({ FunctionName: fn.name }))
  expect(FunctionError).toBe('Unhandled')
  expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' })
})

test('reports a handler that does not end its stream', async () => {
  const fn = await local.deploy(
    `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('some') })`,
  )
  const { text, end } = await stream(fn.name)
  expect(text).toBe('some')
  expect(JSON.parse(end.ErrorDetails ?? '')).toMatchObject({ errorType: 'Runtime.StreamNotEnded' })
})

test('the first byte fixes the content type', async () => {
  const fn = await local.deploy(`
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      stream.setContentType('text/plain')
      stream.write('some')
      await new Promise(setImmediate)
      stream.setContentType('text/html')
    })`)
  const { end } = await stream(fn.name)
  expect(JSON.parse(end.ErrorDetails ?? '')).toMatchObject({ errorType: 'Runtime.InvalidStreamingOperation' })
})

test('a timeout, an exit and a memory kill end a started stream', async () => {
  const write = `stream.write('some'); await new Promise(setImmediate)`
  const handler = (rest: string) =>
    `export const handler = awslambda.streamifyResponse(async (event, stream) => { ${write}; ${rest} })`
  const slow = await local.deploy(handler('await new Promise((r) => setTimeout(r, 1e6))'), { timeoutSeconds: 1 })
  const exits = await local.deploy(handler('await new Promise((r) => setTimeout(r, 50)); process.exit(3)'))
  const results = await Promise.all([slow, exits].map((fn) => stream(fn.name)))
  const failures = results.map(({ end }) => JSON.parse(end.ErrorDetails ?? '').errorType)
  expect(results.map(({ text }) => text)).toEqual(['some', 'some'])
  expect(failures).toEqual(['Sandbox.Timedout', 'Runtime.ExitError'])
})

test('DryRun streams nothing, and an Event cannot be streamed', async () => {
  const fn = await local.deploy('throw new Error("loaded")')
  const dry = await local.lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName: fn.name, InvocationType: 'DryRun' }),
  )
  expect(dry.StatusCode).toBe(204)
  const event = { FunctionName: fn.name, InvocationType: 'Event' as 'DryRun' }
  await expect(local.lambda.send(new InvokeWithResponseStreamCommand(event))).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
  })
})

/** A handler that writes 32 MB as fast as the stream accepts it, and creates a file if it had to wait for long. */
const WRITER = (mark: string) => `
  import { once } from 'node:events'
  import { writeFileSync } from 'node:fs'
  export const handler = awslambda.streamifyResponse(async (event, stream) => {
    for (let i = 0; i < 32; i++) {
      if (stream.write(Buffer.alloc(1024 * 1024, 'x'))) continue
      const stalled = setTimeout(() => writeFileSync(${JSON.stringify(mark)}, String(i)), 200)
      await once(stream, 'drain')
      clearTimeout(stalled)
    }
    stream.end()
  })`

test('a receiver that does not read slows the writer (backpressure), and gets everything in the end', async () => {
  const mark = join(local.dir, 'stalled')
  const fn = await local.deploy(WRITER(mark), { timeoutSeconds: 30 })
  const { EventStream = [] } = await local.lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: fn.name }))
  while (!existsSync(mark)) await sleep(10)
  let bytes = 0
  for await (const event of EventStream) bytes += event.PayloadChunk?.Payload?.length ?? 0
  expect(bytes).toBe(32 * 1024 * 1024)
})

test('a receiver that disconnects does not end the function', async () => {
  const mark = join(local.dir, 'went-on')
  const fn = await local.deploy(`
    import { writeFileSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      for (let i = 0; i < 20; i++) { stream.write('x'.repeat(100_000)); await sleep(10) }
      stream.end()
      writeFileSync(${JSON.stringify(mark)}, '')
    })`)
  const controller = new AbortController()
  const { EventStream = [] } = await local.lambda.send(new InvokeWithResponseStreamCommand({ FunctionName: fn.name }), {
    abortSignal: controller.signal,
  })
  const reading = (async () => {
    for await (const _ of EventStream) controller.abort()
  })()
  await expect(reading).rejects.toThrow()
  while (!existsSync(mark)) await sleep(10)
  expect(existsSync(mark)).toBe(true)
})
