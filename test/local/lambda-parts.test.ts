import { EventStreamCodec } from '@smithy/eventstream-codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkEnvironment } from '../../lib/local/lambda/instance-environment.ts'
import { parseFunctionName, runtimeName } from '../../lib/local/lambda/lambda-function.ts'
import { createLogTail } from '../../lib/local/lambda/log-tail.ts'
import { createMemoryWatch, sumByGroup } from '../../lib/local/lambda/memory-watch.ts'
import { parseStat } from '../../lib/local/lambda/proc.ts'
import { routeLambda } from '../../lib/local/lambda/route-operation.ts'
import { describeFailure, typeHeader } from '../../lib/local/lambda/runtime/describe-failure.ts'
import { splitHandlerName } from '../../lib/local/lambda/runtime/load-handler.ts'
import { completeFrame, FRAME_PAYLOAD_BYTES, payloadFrames } from '../../lib/local/lambda/stream-events.ts'
import { until } from './support/processes.ts'

describe('function names', () => {
  test.each([
    ['hello', { name: 'hello', region: undefined, qualifier: undefined }],
    ['hello:$LATEST', { name: 'hello', region: undefined, qualifier: '$LATEST' }],
    ['hello:prod', { name: 'hello', region: undefined, qualifier: 'prod' }],
    ['123456789012:function:hello', { name: 'hello', region: undefined, qualifier: undefined }],
    ['arn:aws:lambda:eu-west-1:123456789012:function:hello:7', { name: 'hello', region: 'eu-west-1', qualifier: '7' }],
  ])('%s is read', (reference, named) => {
    expect(parseFunctionName(reference)).toEqual(named)
  })

  test.each(['', 'a b', 'a:b:c', 'x'.repeat(65), 'arn:aws:s3:::bucket', '12:function:a', '../etc'])(
    '%j is not one',
    (text) => {
      expect(parseFunctionName(text)).toBeUndefined()
    },
  )

  test('names the runtime after the installed Node.js', () => {
    expect(runtimeName('24.1.0')).toBe('nodejs24.x')
  })
})

describe('routes', () => {
  const on = (kind: string, reference: string, qualifier?: string) => ({ kind, reference, qualifier })

  test.each([
    ['GET', '/2015-03-31/functions', { kind: 'list' }],
    ['GET', '/2015-03-31/functions/?MaxItems=5', { kind: 'list' }],
    ['GET', '/2015-03-31/functions/a', on('get', 'a')],
    ['GET', '/2015-03-31/functions/a/configuration?Qualifier=1', on('getConfiguration', 'a', '1')],
    ['POST', '/2015-03-31/functions/a%3A%24LATEST/invocations', on('invoke', 'a:$LATEST')],
    ['POST', '/2021-11-15/functions/a/response-streaming-invocations', on('invokeStreaming', 'a')],
  ])('%s %s', (method, url, operation) => {
    expect(routeLambda(method, url)).toEqual(operation)
  })

  test.each([
    ['DELETE', '/2015-03-31/functions/a'],
    ['GET', '/2015-03-31/functions/a/invocations'],
    ['POST', '/2015-03-31/functions/a/b/invocations'],
    ['POST', '/'],
  ])('%s %s is not served', (method, url) => {
    expect(() => routeLambda(method, url)).toThrowError(expect.objectContaining({ type: 'UnknownOperationException' }))
  })

  test('refuses a name with invalid encoding', () => {
    const act = () => routeLambda('GET', '/2015-03-31/functions/%E0%A4')
    expect(act).toThrowError(expect.objectContaining({ type: 'InvalidParameterValueException' }))
  })
})

describe('frames', () => {
  const codec = new EventStreamCodec(
    (bytes) => Buffer.from(bytes as Uint8Array).toString(),
    (text) => Buffer.from(text),
  )
  const decode = (frame: Uint8Array) => {
    const { headers, body } = codec.decode(frame)
    return { type: headers[':event-type']?.value, body: Buffer.from(body) }
  }

  test('transfer any chunk in order, in frames of bounded size', () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 * FRAME_PAYLOAD_BYTES }), (size) => {
        const chunk = Buffer.alloc(size, 'frame')
        const frames = payloadFrames(chunk).map(decode)
        expect(Buffer.concat(frames.map(({ body }) => body)).equals(chunk)).toBe(true)
        for (const { type, body } of frames) {
          expect(type).toBe('PayloadChunk')
          expect(body.length).toBeLessThanOrEqual(FRAME_PAYLOAD_BYTES)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('the last frame contains the outcome', () => {
    const failure = { errorType: 'Error', errorMessage: 'no' }
    expect(decode(completeFrame(undefined, undefined))).toEqual({ type: 'InvokeComplete', body: Buffer.from('{}') })
    expect(JSON.parse(decode(completeFrame(failure, 'bG9n')).body.toString())).toEqual({
      ErrorCode: 'Unhandled',
      ErrorDetails: JSON.stringify(failure),
      LogResult: 'bG9n',
    })
  })
})

describe('the tail of a log', () => {
  test('is the end of everything appended, for any chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 40 })),
        fc.integer({ min: 1, max: 50 }),
        (pieces, size) => {
          const tail = createLogTail(size)
          for (const piece of pieces) tail.append(piece)
          expect(tail.read()).toBe(pieces.join('').slice(-size))
        },
      ),
    )
  })

  test('does not begin in the middle of a character', () => {
    const tail = createLogTail(5)
    tail.append('äöü')
    expect(tail.read()).toBe('öü')
  })
})

describe('memory', () => {
  test('sums private pages, and counts shared pages once', () => {
    const processes = [
      { group: 1, residentBytes: 100, sharedBytes: 40 },
      { group: 1, residentBytes: 90, sharedBytes: 30 },
      { group: 2, residentBytes: 7, sharedBytes: 0 },
    ]
    expect(sumByGroup(processes)).toEqual(
      new Map([
        [1, 60 + 60 + 40],
        [2, 7],
      ]),
    )
  })

  test('reads state and process group after any process name', () => {
    expect(parseStat('12', '12 (a) b) S 1 345 345 0 -1')).toEqual({ id: '12', state: 'S', group: 345 })
  })

  test('reads only watched groups, and reports none after its watch has ended', async () => {
    const asked: string[] = []
    const read = async (groups: ReadonlySet<number>) => {
      asked.push([...groups].join())
      return new Map([...groups].map((group) => [group, group * 1000]))
    }
    const memory = createMemoryWatch({ read, intervalMs: 1 })
    const seen: number[] = []
    memory.watch(8, () => {})
    const stop = memory.watch(7, (bytes) => seen.push(bytes))
    await until(() => seen.length > 1)
    stop()
    const told = seen.length
    await until(() => asked.at(-1) === '8')
    memory.close()
    expect(seen).toEqual(Array(told).fill(7000))
    expect(asked[0]).toBe('8,7')
  })
})

describe('environment', () => {
  test('names a reserved variable in the refusal', () => {
    expect(() => checkEnvironment({ OK: '1', AWS_LAMBDA_RUNTIME_API: 'x' })).toThrow(/AWS_LAMBDA_RUNTIME_API/)
    expect(() => checkEnvironment({ AWS_ENDPOINT_URL: 'http://elsewhere', TZ: 'UTC' })).not.toThrow()
  })
})

describe('in the runtime', () => {
  test('handler names have a file and an export', () => {
    expect(splitHandlerName('index.handler')).toEqual({ file: 'index', path: ['handler'] })
    expect(splitHandlerName('src/app.api.v1')).toEqual({ file: 'src/app', path: ['api', 'v1'] })
    for (const name of ['index', '.handler', 'index.', 'a..b', '../index.handler', ''])
      expect(() => splitHandlerName(name)).toThrowError(
        expect.objectContaining({ name: 'Runtime.MalformedHandlerName' }),
      )
  })

  test('any thrown value has a type and a message', () => {
    expect(describeFailure(new TypeError('no'))).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' })
    expect(describeFailure(undefined)).toMatchObject({ errorType: 'undefined', errorMessage: 'undefined' })
  })

  test('a type in a header has no line breaks', () => {
    expect(typeHeader({ errorType: 'A\r\nX-Evil: 1', errorMessage: '' })).toBe('A??X-Evil: 1')
  })
})
