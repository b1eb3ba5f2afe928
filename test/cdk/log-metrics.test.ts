import { PassThrough } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import { createHandler } from '../../functions/data-locality/handler.ts'
import type { LandingReply } from '../../lib/host/landing-result.ts'
import { synthesiseOne } from './support/synthesise.ts'

afterEach(() => vi.restoreAllMocks())

test('the function’s log entries contain the fields from which metrics are made', async () => {
  const entries = [await logged(FINISHED), await logged(REFUSED)]
  const filters = Object.values(synthesiseOne().findResources('AWS::Logs::MetricFilter'))
  const values = filters.flatMap(({ Properties }) => [Properties.MetricTransformations[0].MetricValue as string])
  const paths = values.filter((value) => value.startsWith('$.'))
  expect(paths).toHaveLength(2)
  for (const path of paths) expect(at(entries[0], path), path).toBeTypeOf('number')
  expect(entries.map((entry) => at(entry, '$.message.lander'))).toEqual(['finished', 'refused'])
})

test('the log does not contain what an agent returned, logged or read', async () => {
  const entry = JSON.stringify(await logged(FINISHED))
  for (const secret of ['the-result', 'the-log-line', 'the-key']) expect(entry).not.toContain(secret)
})

/** Writes a log entry as Lambda's JSON format does: one entry with the handler's object under `message`. */
async function logged(reply: LandingReply): Promise<unknown> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  log.mockClear()
  const host = { invoke: async () => reply, probe: () => Promise.reject(new Error('no probe was sent')) }
  const handler = createHandler(Promise.resolve(host))
  await handler({}, new PassThrough().resume(), { getRemainingTimeInMillis: () => 60_000 })
  expect(log).toHaveBeenCalledTimes(1)
  return JSON.parse(JSON.stringify({ level: 'INFO', message: log.mock.calls[0]![0] }))
}

function at(entry: unknown, path: string): unknown {
  const keys = path.split('.').slice(1)
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], entry)
}

const FINISHED: LandingReply = {
  landingResult: {
    mission: 'm',
    place: 'eu-west-1',
    manifest: 's',
    outcome: { kind: 'completed', value: 'the-result' },
    usage: { wallMs: 1, hostCalls: 2, bytesRead: 3, bytesReturned: 4, logBytes: 5, memoryPages: 6, objects: 7 },
    logs: ['the-log-line'],
    reads: [{ bucket: 'b', key: 'the-key', size: 1, etag: 'e', bytesRead: 1 }],
  },
}

const REFUSED: LandingReply = { error: { code: 'EXPIRED', situation: 'refused', message: 'expired' } }
