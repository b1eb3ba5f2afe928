import { describe, expect, test } from 'vitest'
import { parseOutputs } from '../../lib/config/index.ts'

const stack = (region: string, changes: object = {}) => ({
  Fleet: 'sales',
  Region: region,
  AgentBucket: `agents-${region}`,
  FunctionName: 'lander-sales-data-locality',
  FunctionArn: `arn:aws:lambda:${region}:123456789012:function:lander-sales-data-locality`,
  RootKey: 'k'.repeat(43),
  ...changes,
})

describe('the outputs of a deployment', () => {
  test('give the fleet, with its regions in alphabetical order', () => {
    const outputs = { 'sales-us': stack('us-east-1'), 'sales-eu': stack('eu-west-1') }
    const functionName = 'lander-sales-data-locality'
    expect(parseOutputs(outputs)).toEqual({
      name: 'sales',
      rootKey: 'k'.repeat(43),
      regions: [
        { region: 'eu-west-1', functionName, agentBucket: 'agents-eu-west-1' },
        { region: 'us-east-1', functionName, agentBucket: 'agents-us-east-1' },
      ],
    })
  })

  test('may hold stacks of other apps', () => {
    const { regions } = parseOutputs({ shop: { Url: 'https://example.com' }, sales: stack('eu-west-1') })
    expect(regions).toHaveLength(1)
  })

  test.each([
    ['no object', 3, 'has no stack of a fleet'],
    ['none of a fleet', { shop: { Url: 'x' } }, 'has no stack of a fleet'],
    ['two fleets', { a: stack('us-east-1'), b: stack('eu-west-1', { Fleet: 'trial' }) }, '2 fleets: sales, trial'],
    ['one region twice', { a: stack('us-east-1'), b: stack('us-east-1') }, 'two stacks of fleet "sales" in us-east-1'],
    ['two root keys', { a: stack('us-east-1'), b: stack('eu-west-1', { RootKey: 'z' }) }, 'different root keys'],
    ['no root key', { a: stack('us-east-1', { RootKey: undefined }) }, 'without a root key'],
  ])('are refused when they are %s', (_, outputs, fact) => {
    expect(() => parseOutputs(outputs)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(fact),
        remedy: expect.any(String),
      }),
    )
  })
})
