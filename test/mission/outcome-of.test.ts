import { describe, expect, test } from 'vitest'
import { outcomeOf, usageOf, valuesOf, worstOutcome } from '../../lib/mission/outcome-of.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'
import type { Outcome } from '../../lib/sandbox/contract/outcome.ts'

const USAGE = { wallMs: 1, hostCalls: 1, bytesRead: 10, bytesReturned: 3, logBytes: 0, memoryPages: 20, objects: 1 }

function ended(region: string, outcome: Outcome): RegionResult {
  const landingResult = { mission: 'm', place: region, manifest: 's', outcome, usage: USAGE, logs: [], reads: [] }
  const step = {
    place: region,
    branch: region,
    sequence: 0,
    sealedBytes: 0,
    bytesMoved: 100,
    seconds: 1,
    landingResult,
  }
  return { region, landingResult, route: [step], bytesMoved: 100, seconds: 1 }
}

const completed = ended('a', { kind: 'completed', value: 1 })
const stopped = ended('b', { kind: 'stopped', limit: 'wallMs', message: 'too long' })
const failed = ended('c', { kind: 'failed', error: { code: 'AGENT_THREW' } })
const refused: RegionResult = {
  region: 'd',
  error: { code: 'KEY_UNKNOWN', situation: 'refused', message: 'no' },
  bytesMoved: 50,
  seconds: 1,
}
const unreachable: RegionResult = {
  region: 'e',
  error: { code: 'REGION_UNREACHABLE', situation: 'unreachable', message: 'no' },
  bytesMoved: 0,
  seconds: 1,
}

describe('the answer of a mission', () => {
  test('is completed only when every region completed', () => {
    expect(worstOutcome([completed, completed])).toBe('completed')
    expect(worstOutcome([completed, stopped])).toBe('stopped')
  })

  test('is as grave as its gravest region, whatever their order', () => {
    expect(worstOutcome([unreachable, refused, failed, completed])).toBe('unreachable')
    expect(worstOutcome([completed, failed, refused])).toBe('refused')
    expect(worstOutcome([failed, stopped])).toBe('failed')
  })

  test('names each region’s own outcome', () => {
    expect([completed, stopped, failed, refused, unreachable].map(outcomeOf)).toEqual([
      'completed',
      'stopped',
      'failed',
      'refused',
      'unreachable',
    ])
  })

  test('has values in the order of regions, or none when one is missing', () => {
    const second = ended('b', { kind: 'completed', value: null })
    expect(valuesOf([completed, second])).toEqual([1, null])
    expect(valuesOf([completed, failed])).toBeUndefined()
  })

  test('sums what the regions used, those without a landing result too', () => {
    expect(usageOf([completed, stopped, refused])).toEqual({ bytesRead: 20, bytesReturned: 6, bytesMoved: 250 })
  })
})
