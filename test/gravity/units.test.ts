import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatLink,
  formatSeconds,
  formatUsd,
  parseBytes,
  parseDuration,
  parseLink,
  parseUsd,
  parseUtilisation,
} from '../../lib/gravity/units.ts'

const invalid = expect.objectContaining({ code: 'SIZE_INVALID' })

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1024', 1024],
    [4096, 4096],
    ['1B', 1],
    ['1kB', 1e3],
    ['1KB', 1e3],
    ['20 MB', 20e6],
    ['1.5GB', 1.5e9],
    ['1TB', 1e12],
    ['100PB', 1e17],
    ['1KiB', 2 ** 10],
    ['1MiB', 2 ** 20],
    ['1gib', 2 ** 30],
    ['1TiB', 2 ** 40],
    ['2PiB', 2 ** 51],
    ['1e3', 1000],
    ['1.0001KiB', 1024],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each([
    '-1',
    '-5MB',
    -1,
    'NaN',
    Number.NaN,
    'Infinity',
    Number.POSITIVE_INFINITY,
    '1e400',
    '99999999PB',
    '1XB',
    '1Gb',
    '1 Mb',
    'MB',
    '',
    ' ',
    '1,000',
    '0x10',
    '1 2',
    '10 %',
  ])('refuses %s', (text) => {
    expect(() => parseBytes(text)).toThrow(invalid)
  })

  it('suggests bytes in place of bits', () => {
    expect(() => parseBytes('1Gb')).toThrow(expect.objectContaining({ remedy: expect.stringContaining('1.5TiB') }))
  })
})

describe('links', () => {
  it.each([
    ['1bps', 1],
    ['56kbps', 56e3],
    ['100Mbps', 100e6],
    ['1.544 Mbps', 1.544e6],
    ['10Gbit/s', 10e9],
    ['1Tbps', 1e12],
  ])('reads %s as %d bits per second', (text, bitsPerSecond) => {
    expect(parseLink(text)).toBe(bitsPerSecond)
  })

  it.each(['100', '100M', '100MB', '100MBps', '10 MB/s', '0Mbps', '-1Gbps', 'NaNMbps', '1e400bps', '1e30Tbps', ''])(
    'refuses %s',
    (text) => {
      expect(() => parseLink(text)).toThrow(invalid)
    },
  )

  it('reports a missing unit', () => {
    expect(() => parseLink('100')).toThrow('link "100" has no unit')
  })
})

describe('durations, money, shares', () => {
  it.each([
    ['250ms', 0.25],
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['15min', 900],
    ['2h', 7200],
    ['1.5d', 129_600],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds)
  })

  it.each(['-1s', '1y', '', 'soon', '1e400'])('refuses the duration %s', (text) => {
    expect(() => parseDuration(text)).toThrow(invalid)
  })

  it.each([
    ['1.5', 1.5],
    ['$1.50', 1.5],
    ['2 USD', 2],
    [0, 0],
  ])('reads %s as %d US dollars', (text, usd) => {
    expect(parseUsd(text)).toBe(usd)
  })

  it.each(['-1', '1 EUR', '', 'much', '$', '1e400'])('refuses the amount %s', (text) => {
    expect(() => parseUsd(text)).toThrow(invalid)
  })

  it.each([
    ['0.8', 0.8],
    ['80%', 0.8],
    [1, 1],
  ])('reads %s as the share %d', (text, share) => {
    expect(parseUtilisation(text)).toBe(share)
  })

  it.each(['0', '1.1', '-0.5', '101%', 'half', '0.5x'])('refuses the share %s', (text) => {
    expect(() => parseUtilisation(text)).toThrow(invalid)
  })
})

describe('formatting', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KB'],
    [999_999, '1 MB'],
    [2 ** 40, '1.1 TB'],
    [4.4e13, '44 TB'],
    [2 ** 64, '18.4 EB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('writes line rates in decimal units', () => {
    expect(formatLink(2.5e9)).toBe('2.5 Gbps')
  })

  it.each([
    [0.2454, '245 ms'],
    [12.34, '12.3 s'],
    [250, '4 min 10 s'],
    [119.9, '2 min'],
    [7200, '2 h'],
    [12_000, '3 h 20 min'],
    [109_951, '1.27 days'],
    [86_400 * 365.25 * 3, '3 years'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text)
  })

  it.each([
    [0, '$0.00'],
    [0.0000123, '$0.0000123'],
    [0.5, '$0.5'],
    [1234.567, '$1,234.57'],
  ])('writes %d US dollars as %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text)
  })

  it('keeps a size within half a percent through text and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const back = parseBytes(formatBytes(bytes).replace(',', ''))
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(bytes * 0.005)
      }),
    )
  })
})
