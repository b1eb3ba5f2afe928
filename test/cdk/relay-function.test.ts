import { describe, expect, test } from 'vitest'
import { allowedActions, statementsOf, synthesiseOne } from './support/synthesise.ts'

const RELAY = { FunctionName: 'lander-demo-relay' }
const relayStatements = (config: object = {}) => statementsOf(synthesiseOne(config), /^RelayRole/)
const inAgentBucket = (path: string) => ({
  'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^Agents/), 'Arn'] }, path]],
})

describe('the relay of detached missions', () => {
  test('has Lambda’s longest timeout, is restarted when it fails, and starts its own successor', () => {
    const template = synthesiseOne()
    template.hasResourceProperties('AWS::Lambda::Function', {
      ...RELAY,
      Timeout: 900,
      MemorySize: 256,
      RecursiveLoop: 'Allow',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
    })
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 2 })
  })

  test('has no network, even if the data-locality function is isolated', () => {
    const functions = Object.values(synthesiseOne({ network: 'isolated' }).findResources('AWS::Lambda::Function'))
    const relay = functions.find(({ Properties }) => Properties.FunctionName === RELAY.FunctionName)
    expect(relay!.Properties).not.toHaveProperty('VpcConfig')
  })

  test('knows its fleet and its agent bucket, and no secret', () => {
    const functions = Object.values(synthesiseOne().findResources('AWS::Lambda::Function', { Properties: RELAY }))
    expect(functions[0]!.Properties.Environment.Variables).toEqual({
      LANDER_FLEET: 'demo',
      LANDER_AGENT_BUCKET: { Ref: expect.stringMatching(/^Agents/) },
    })
  })

  test('invokes the fleet’s functions and itself, moves sealed states, and has no other permission', () => {
    const statements = relayStatements({ data: [{ bucket: 'logs-eu', region: 'eu-west-1' }] })
    expect(allowedActions(statements)).toEqual([
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'sqs:SendMessage',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ])
    expect(JSON.stringify(statements)).not.toContain('logs-eu')
    const invoked = JSON.stringify(statements.filter(({ Action }) => Action === 'lambda:InvokeFunction'))
    expect(invoked.match(/function:[\w-]+/g)).toEqual([
      'function:lander-demo-data-locality',
      'function:lander-demo-relay',
    ])
  })

  test('writes neither to the landing ledger nor to requests', () => {
    const puts = relayStatements().filter(({ Action }) => [Action].flat().includes('s3:PutObject'))
    expect(puts.flatMap(({ Resource }) => Resource)).toEqual([
      { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::lander-demo-*-agents*/agents/*']] },
      { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::lander-demo-*-agents*/states/*']] },
      inAgentBucket('/missions/*/answer'),
      inAgentBucket('/missions/*/handover/*'),
    ])
  })

  test('moves states only between buckets of the account, whatever the names of others', () => {
    const far = relayStatements().filter(({ Resource }) => JSON.stringify(Resource).includes('lander-demo-*'))
    expect(far.map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } },
    ])
  })

  test('is named in the outputs, for the fleet file', () => {
    synthesiseOne().hasOutput('RelayName', {})
  })
})
