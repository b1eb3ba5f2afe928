import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfiguration } from '../../cdk/configuration.ts'

const folder = mkdtempSync(join(tmpdir(), 'lander-configuration-'))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'fleet.json')
writeFileSync(path, JSON.stringify({ fleet: 'sales', regions: ['eu-west-1'], network: 'open' }))

const read = (context: Record<string, unknown>) => readConfiguration((name) => context[name])

test('reads the file that the context names', () => {
  expect(read({ config: path })).toMatchObject({ fleet: 'sales', regions: ['eu-west-1'], network: 'open' })
})

test('overrides the file with the context', () => {
  const context = { config: path, fleet: 'trial', regions: 'us-east-1, ap-south-1', network: 'isolated' }
  expect(read(context)).toMatchObject({ fleet: 'trial', regions: ['us-east-1', 'ap-south-1'], network: 'isolated' })
})

test('takes regions as a list too, as cdk.json writes them', () => {
  expect(read({ config: path, regions: ['us-west-2'] }).regions).toEqual(['us-west-2'])
})

test('without a file deploys an example that reads no data and trusts no key', () => {
  expect(read({})).toMatchObject({ fleet: 'demo', regions: ['us-east-1', 'eu-west-1'], data: [] })
  expect(read({}).rootKey).toBeUndefined()
})

test('validates a context like a file', () => {
  expect(() => read({ config: path, regions: 'eu-wst-1' })).toThrow('regions[0] is "eu-wst-1"')
})

test('names a missing file', () => {
  const missing = join(folder, 'missing.json')
  expect(() => read({ config: missing })).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }))
  expect(() => read({ config: missing })).toThrow(missing)
})

test('names a file that is not JSON', () => {
  const broken = join(folder, 'broken.json')
  writeFileSync(broken, '{"fleet": ')
  expect(() => read({ config: broken })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
