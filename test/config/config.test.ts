import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXAMPLE_CONFIG, parseConfig, readConfig } from '../../lib/config/index.ts'
import { UsageError } from '../../lib/errors.ts'
import { isCurrent } from '../../scripts/config-schema.ts'

const valid = { fleet: 'sales', regions: ['us-east-1', 'eu-west-1'] }

function refusal(config: unknown): { message: string; remedy: string } {
  try {
    parseConfig(config)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    const { code, message, remedy = '' } = error as UsageError
    expect(code).toBe('CONFIG_INVALID')
    return { message, remedy }
  }
  throw new Error('the configuration was accepted')
}

describe('a configuration', () => {
  test('needs only a name and regions, and gets every default', () => {
    expect(parseConfig(valid)).toEqual({
      ...valid,
      data: [],
      network: 'open',
      perRunCredentials: false,
      limits: {
        memoryMb: 1769,
        timeoutSeconds: 300,
        concurrency: 20,
        ephemeralMb: 512,
        returnedBytesPerDay: 2 ** 30,
      },
      logRetentionDays: 30,
      tags: {},
    })
  })

  test('keeps every field', () => {
    const config = {
      ...valid,
      rootKey: 'k'.repeat(43),
      data: [{ bucket: 'logs-us', region: 'us-east-1', prefixes: ['2026/'], confidential: true }],
      network: 'open',
      perRunCredentials: true,
      limits: {
        memoryMb: 3008,
        timeoutSeconds: 900,
        concurrency: 'unreserved',
        ephemeralMb: 1024,
        returnedBytesPerDay: 1,
      },
      logRetentionDays: 7,
      tags: { team: 'research' },
    }
    expect(parseConfig({ $schema: './docs/lander.config.schema.json', ...config })).toEqual(config)
  })

  test('grants a whole bucket if it names no prefixes', () => {
    const { data } = parseConfig({ ...valid, data: [{ bucket: 'logs-us', region: 'us-east-1' }] })
    expect(data).toEqual([{ bucket: 'logs-us', region: 'us-east-1', prefixes: [''], confidential: false }])
  })

  test('is isolated by default if it has confidential data', () => {
    const data = [{ bucket: 'logs-us', region: 'us-east-1', confidential: true }]
    expect(parseConfig({ ...valid, data }).network).toBe('isolated')
    expect(parseConfig({ ...valid, data, network: 'open' }).network).toBe('open')
  })

  test('has an example for users without one', () => {
    expect(parseConfig(EXAMPLE_CONFIG).data).toEqual([])
  })
})

describe('a wrong field is refused with its name, its value and its remedy:', () => {
  const bucket = { bucket: 'logs-us', region: 'us-east-1' }
  const cases: [title: string, config: unknown, fact: string, remedy: string][] = [
    ['no object', 3, 'the configuration is 3', 'fleet and regions are needed'],
    ['a missing fleet', { regions: ['us-east-1'] }, 'fleet is missing', 'fleet and regions are needed'],
    ['a fleet with capitals', { ...valid, fleet: 'Sales' }, 'fleet is "Sales"', 'lowercase letters'],
    ['no region', { ...valid, regions: [] }, 'regions is []', 'at least one region'],
    ['an unknown region', { ...valid, regions: ['eu-wst-1'] }, 'regions[0] is "eu-wst-1"', 'such as "eu-west-1"'],
    ['a region twice', { ...valid, regions: ['us-east-1', 'us-east-1'] }, 'regions[1] is "us-east-1"', 'region once'],
    ['an unknown field', { ...valid, region: 'x' }, 'region is not a known field', 'use only fleet, regions'],
    ['a short root key', { ...valid, rootKey: 'abc' }, 'rootKey has 3 characters', 'lander keygen'],
    [
      'a URI for a bucket',
      { ...valid, data: [{ ...bucket, bucket: 's3://a' }] },
      'data[0].bucket is "s3://a"',
      'without',
    ],
    ['a bucket without region', { ...valid, data: [{ bucket: 'logs' }] }, 'data[0].region is missing', '"region"'],
    [
      'a bucket where the fleet is not',
      { ...valid, data: [{ ...bucket, region: 'ap-south-1' }] },
      'data[0].region is "ap-south-1"',
      'add it to "regions"',
    ],
    ['a bucket twice', { ...valid, data: [bucket, bucket] }, 'data[1].bucket is "logs-us"', 'data[0] has it'],
    ['no prefix', { ...valid, data: [{ ...bucket, prefixes: [] }] }, 'data[0].prefixes is []', '[""] grants'],
    ['a pattern', { ...valid, data: [{ ...bucket, prefixes: ['a*'] }] }, 'data[0].prefixes[0] is "a*"', 'without "*"'],
    ['a dollar sign', { ...valid, data: [{ ...bucket, prefixes: ['a$'] }] }, 'prefixes[0] is', '"$"'],
    [
      'a yes',
      { ...valid, data: [{ ...bucket, confidential: 'yes' }] },
      'data[0].confidential is "yes"',
      'true or false',
    ],
    [
      'an unknown field of a bucket',
      { ...valid, data: [{ ...bucket, key: 1 }] },
      'data[0].key is not a known field',
      '"prefixes"',
    ],
    ['a third network', { ...valid, network: 'vpn' }, 'network is "vpn"', '"open" or "isolated"'],
    ['a word', { ...valid, perRunCredentials: 'yes' }, 'perRunCredentials is "yes"', 'true or false'],
    [
      'sessions where STS is out of reach',
      { ...valid, perRunCredentials: true, network: 'isolated' },
      'perRunCredentials is true',
      'set network to "open"',
    ],
    ['little memory', { ...valid, limits: { memoryMb: 128 } }, 'limits.memoryMb is 128', 'from 512 to 10240'],
    ['a long run', { ...valid, limits: { timeoutSeconds: 901 } }, 'limits.timeoutSeconds is 901', 'from 1 to 900'],
    ['no concurrency', { ...valid, limits: { concurrency: 0 } }, 'limits.concurrency is 0', '"unreserved"'],
    ['half a megabyte', { ...valid, limits: { ephemeralMb: 512.5 } }, 'limits.ephemeralMb is 512.5', 'whole number'],
    [
      'a text',
      { ...valid, limits: { returnedBytesPerDay: '1' } },
      'returnedBytesPerDay is "1"',
      'whole number of bytes',
    ],
    ['an unknown limit', { ...valid, limits: { cpu: 1 } }, 'limits.cpu is not a known field', 'use only memoryMb'],
    ['a retention of 8 days', { ...valid, logRetentionDays: 8 }, 'logRetentionDays is 8', 'use one of 1, 3, 5, 7'],
    ['a tag of AWS', { ...valid, tags: { 'aws:x': 'y' } }, 'tags.aws:x is', 'does not start with "aws:"'],
  ]

  test.each(cases)('%s', (_, config, fact, advice) => {
    const { message, remedy } = refusal(config)
    expect(message).toMatch(/^lander\.config\.json is not valid: /)
    expect(message).toContain(fact)
    expect(remedy).toContain(advice)
  })

  test('all faults at once', () => {
    const { message } = refusal({ fleet: 'Sales', regions: ['eu-wst-1'], network: 'vpn' })
    expect(message).toContain('fleet is "Sales"; regions[0] is "eu-wst-1"; network is "vpn"')
  })

  test('a private key in place of the root key is not printed', () => {
    const secret = `x${'k'.repeat(86)}`
    const { message, remedy } = refusal({ ...valid, rootKey: secret })
    expect(message + remedy).not.toContain('kkk')
  })

  test('a long value is truncated', () => {
    expect(refusal({ ...valid, fleet: 'x'.repeat(5000) }).message.length).toBeLessThan(200)
  })
})

describe('a configuration file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lander-config-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('is read', async () => {
    const path = join(folder, 'good.json')
    await writeFile(path, JSON.stringify(valid))
    expect((await readConfig(path)).fleet).toBe('sales')
  })

  test('is named if it is missing', async () => {
    const path = join(folder, 'missing.json')
    await expect(readConfig(path)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining(path),
    })
  })

  test('is named if it is not JSON', async () => {
    const path = join(folder, 'broken.json')
    await writeFile(path, '{')
    await expect(readConfig(path)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(path),
    })
  })
})

test('the schema for editors matches the code’s checks (npx tsx scripts/config-schema.ts writes it)', async () => {
  expect(await isCurrent()).toBe(true)
})

test('the configuration in docs/deploy.md is valid', async () => {
  const text = await readFile(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
  const [, sample = ''] = /```json\n(\{\s+"\$schema".*?)```/s.exec(text) ?? []
  expect(parseConfig(JSON.parse(sample))).toMatchObject({ fleet: 'sales', network: 'isolated' })
})
