import { Match, type Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { allowedActions, environmentOf, roleStatements, statementsOf, synthesiseOne } from './support/synthesise.ts'

const ROOT_KEY = 'A'.repeat(43)
const LOGS = { bucket: 'logs-eu', region: 'eu-west-1', prefixes: ['2026/'] }
const functionHas = (template: Template, properties: object) =>
  template.hasResourceProperties('AWS::Lambda::Function', properties)

describe('the data-locality function', () => {
  test('runs on Node 24 and arm64, from the built asset', () => {
    const template = synthesiseOne()
    functionHas(template, { Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' })
    functionHas(template, { Code: { S3Key: Match.stringLikeRegexp('^[0-9a-f]{64}\\.zip$') } })
  })

  test('has the memory, time, room and concurrency of the configuration', () => {
    const limits = { memoryMb: 3008, timeoutSeconds: 60, ephemeralMb: 1024, concurrency: 7 }
    functionHas(synthesiseOne({ limits }), {
      MemorySize: 3008,
      Timeout: 60,
      EphemeralStorage: { Size: 1024 },
      ReservedConcurrentExecutions: 7,
    })
  })

  test('has one vCPU, five minutes and a ceiling of 20 runs when the configuration is silent', () => {
    functionHas(synthesiseOne(), { MemorySize: 1769, Timeout: 300, ReservedConcurrentExecutions: 20 })
  })

  test('shares the concurrency of the account when asked to', () => {
    functionHas(synthesiseOne({ limits: { concurrency: 'unreserved' } }), {
      ReservedConcurrentExecutions: Match.absent(),
    })
  })

  test('is traced, and is stopped when it calls itself in a circle', () => {
    functionHas(synthesiseOne(), { TracingConfig: { Mode: 'Active' }, RecursiveLoop: 'Terminate' })
  })

  test('learns its fleet, agent bucket, secret, root key and compiler from its environment, and nothing else', () => {
    expect(environmentOf(synthesiseOne({ rootKey: ROOT_KEY }))).toEqual({
      LANDER_FLEET: 'demo',
      LANDER_AGENT_BUCKET: { Ref: expect.stringMatching(/^Agents/) },
      LANDER_FLEET_SECRET: 'lander/demo',
      LANDER_ROOT_KEY: ROOT_KEY,
      LANDER_COMPILER: { Ref: expect.stringMatching(/^Compiler/) },
    })
  })

  test('has no root key, and so lets nobody in, until the configuration names one', () => {
    expect(environmentOf(synthesiseOne())).not.toHaveProperty('LANDER_ROOT_KEY')
  })

  test('has no URL and may be invoked by nobody whom the account does not allow', () => {
    const template = synthesiseOne()
    template.resourceCountIs('AWS::Lambda::Url', 0)
    template.resourceCountIs('AWS::Lambda::Permission', 0)
  })

  test('writes JSON lines to its own log, which is kept as long as the configuration says', () => {
    const template = synthesiseOne({ logRetentionDays: 90 })
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
    functionHas(template, { LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.stringLikeRegexp('Log') } } })
  })

  test('tries a detached run once and leaves what failed in a queue that is encrypted and takes TLS alone', () => {
    const template = synthesiseOne()
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 })
    functionHas(template, { DeadLetterConfig: { TargetArn: Match.anyValue() } })
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 })
    template.hasResourceProperties('AWS::SQS::QueuePolicy', { PolicyDocument: { Statement: [DENIES_PLAIN_HTTP] } })
  })
})

describe('the role of the function', () => {
  test('reads objects, lists, writes to the ledger of missions and has kernels compiled, and can do nothing else to any service', () => {
    expect(allowedActions(roleStatements(synthesiseOne({ data: [LOGS] })))).toEqual([
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'secretsmanager:GetSecretValue',
      'sqs:SendMessage',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ])
  })

  test('puts nothing anywhere but the ledger of missions and sealed states into its own agent bucket', () => {
    const puts = roleStatements(synthesiseOne({ data: [LOGS] })).filter(({ Action }) => Action === 's3:PutObject')
    expect(puts).toHaveLength(1)
    expect(puts[0]!.Resource).toEqual([inAgentBucket('/missions/*/landings/*'), inAgentBucket('/states/*')])
  })

  test('takes bundles, kernels, the key policy, states and the ledger of missions out of the agent bucket', () => {
    const reads = roleStatements(synthesiseOne()).filter(({ Action }) => Action === 's3:GetObject')
    expect(reads.map(({ Resource }) => Resource)).toEqual([
      ['agents', 'kernels', 'missions', 'states', 'trust'].map((folder) => inAgentBucket(`/${folder}/*`)),
    ])
  })

  test('reads and lists the prefixes of a data bucket alone', () => {
    const statements = roleStatements(synthesiseOne({ data: [{ ...LOGS, prefixes: ['2026/', 'one.csv'] }] }))
    const [read] = statements.filter(({ Resource }) => JSON.stringify(Resource).includes('logs-eu/'))
    expect(read).toMatchObject({
      Action: 's3:GetObject',
      Resource: [inS3('logs-eu/2026/*'), inS3('logs-eu/one.csv'), inS3('logs-eu/one.csv/*')],
    })
    const [list] = statements.filter(({ Condition }) => Condition !== undefined)
    expect(list).toMatchObject({
      Action: 's3:ListBucket',
      Resource: inS3('logs-eu'),
      Condition: { StringLike: { 's3:prefix': ['2026/*', 'one.csv', 'one.csv/*'] } },
    })
  })

  test('reads no bucket of another region', () => {
    const template = synthesiseOne({
      regions: ['us-east-1', 'eu-west-1'],
      data: [LOGS, { bucket: 'logs-us', region: 'us-east-1' }],
    })
    const text = JSON.stringify(template.toJSON())
    expect(text).toContain('logs-us')
    expect(text).not.toContain('logs-eu')
  })

  test('has no managed policy and is assumed by Lambda alone', () => {
    synthesiseOne().hasResourceProperties('AWS::IAM::Role', {
      ManagedPolicyArns: Match.absent(),
      AssumeRolePolicyDocument: { Statement: [Match.objectLike({ Principal: { Service: 'lambda.amazonaws.com' } })] },
    })
  })

  test('fetches no secret but the one of its fleet, in its own region', () => {
    const fetches = roleStatements(synthesiseOne()).filter(({ Action }) => Action === 'secretsmanager:GetSecretValue')
    expect(JSON.stringify(fetches[0]!.Resource)).toContain(':secretsmanager:eu-west-1:')
    expect(JSON.stringify(fetches[0]!.Resource)).toContain(':secret:lander/demo-??????')
  })

  test('allows every resource to the trace actions alone', () => {
    const wide = roleStatements(synthesiseOne({ data: [LOGS] })).filter(({ Resource }) => Resource === '*')
    expect(allowedActions(wide)).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments'])
  })
})

describe('with credentials for each run', () => {
  const template = () => synthesiseOne({ data: [LOGS], perRunCredentials: true })
  const brokerPolicy = () => statementsOf(template(), /^BrokerRole/)

  test('the function can read no data by itself', () => {
    const statements = roleStatements(template())
    expect(JSON.stringify(statements)).not.toContain('logs-eu')
    expect(allowedActions(statements)).toContain('sts:AssumeRole')
  })

  test('it may assume the role that can, and that role alone', () => {
    const assume = roleStatements(template()).filter(({ Action }) => Action === 'sts:AssumeRole')
    const broker = { 'Fn::GetAtt': [expect.stringMatching(/^BrokerRole/), 'Arn'] }
    expect(assume.map(({ Resource }) => Resource)).toEqual([broker])
    expect(environmentOf(template()).LANDER_BROKER_ROLE_ARN).toEqual(broker)
  })

  test('that role reads and lists the data, and nothing else', () => {
    expect(allowedActions(brokerPolicy())).toEqual(['s3:GetObject', 's3:ListBucket'])
    expect(JSON.stringify(brokerPolicy())).not.toContain('AgentsBucket')
  })

  test('that role is assumed by the function alone', () => {
    const functionRole = { 'Fn::GetAtt': [Match.stringLikeRegexp('^DataLocalityRole'), 'Arn'] }
    template().hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { AWS: functionRole } }],
      },
    })
  })
})

describe('the agent bucket', () => {
  test('blocks public access and access lists, and is encrypted', () => {
    synthesiseOne().hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    })
  })

  test('refuses what comes without TLS 1.2', () => {
    const template = synthesiseOne()
    const has = (statement: object) =>
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: { Statement: Match.arrayWith([Match.objectLike(statement)]) },
      })
    has(DENIES_PLAIN_HTTP_TO_S3)
    has({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } })
  })

  test('forgets bundles and kernels after 90 days, reservations after 30, states after two, and uploads that were cut off after one', () => {
    synthesiseOne().hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ Prefix: 'agents/', ExpirationInDays: 90, Status: 'Enabled' }),
          Match.objectLike({ Prefix: 'missions/', ExpirationInDays: 30, Status: 'Enabled' }),
          Match.objectLike({ Prefix: 'states/', ExpirationInDays: 2, Status: 'Enabled' }),
          Match.objectLike({ Prefix: 'kernels/', ExpirationInDays: 90, Status: 'Enabled' }),
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }),
        ],
      },
    })
  })

  test('never forgets the key policy', () => {
    const [bucket] = Object.values(synthesiseOne().findResources('AWS::S3::Bucket'))
    const rules: { Prefix?: string; ExpirationInDays?: number }[] = bucket!.Properties.LifecycleConfiguration.Rules
    const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined)
    expect(expiring.every(({ Prefix }) => Prefix !== undefined && !'trust/policy.json'.startsWith(Prefix))).toBe(true)
  })
})

describe('what watches a region', () => {
  test('rings when the function fails, has a fault, is throttled, refuses many, loses a detached run or sends much home', () => {
    const template = synthesiseOne({ limits: { returnedBytesPerDay: 5000 } })
    const alarm = (properties: object) => template.hasResourceProperties('AWS::CloudWatch::Alarm', properties)
    alarm({ MetricName: 'Errors', Namespace: 'AWS/Lambda', Threshold: 1 })
    alarm({ MetricName: 'Faults', Namespace: 'Lander/demo', Threshold: 1 })
    alarm({ MetricName: 'Throttles', Namespace: 'AWS/Lambda', Threshold: 1 })
    alarm({ MetricName: 'RefusedAdmissions', Namespace: 'Lander/demo', Threshold: 10 })
    alarm({ MetricName: 'ApproximateNumberOfMessagesVisible', Namespace: 'AWS/SQS', Threshold: 1 })
    alarm({ MetricName: 'BytesReturned', Namespace: 'Lander/demo', Threshold: 5000, Period: 86_400 })
  })

  test('is silent while nobody calls', () => {
    const alarms = Object.values(synthesiseOne().findResources('AWS::CloudWatch::Alarm'))
    expect(alarms).toHaveLength(6)
    expect(alarms.every(({ Properties }) => Properties.TreatMissingData === 'notBreaching')).toBe(true)
  })

  test('counts refusals and bytes in the lines the function logs', () => {
    const template = synthesiseOne()
    const filter = (FilterPattern: string, MetricName: string, MetricValue: string) =>
      template.hasResourceProperties('AWS::Logs::MetricFilter', {
        FilterPattern,
        MetricTransformations: [Match.objectLike({ MetricName, MetricValue, MetricNamespace: 'Lander/demo' })],
      })
    filter('{ $.message.lander = "refused" }', 'RefusedAdmissions', '1')
    filter('{ ($.message.lander = "internal") || ($.message.lander = "unreachable") }', 'Faults', '1')
    filter('{ $.message.lander = "finished" }', 'BytesRead', '$.message.usage.bytesRead')
    filter('{ $.message.lander = "finished" }', 'BytesReturned', '$.message.usage.bytesReturned')
  })
})

test('a region has the outputs that a fleet is imported from', () => {
  expect(synthesiseOne({ rootKey: ROOT_KEY }).toJSON().Outputs).toEqual({
    Fleet: { Value: 'demo' },
    Region: { Value: 'eu-west-1' },
    AgentBucket: { Value: { Ref: expect.stringMatching(/^Agents/) } },
    RelayName: { Value: { Ref: expect.stringMatching(/^RelayFunction/) } },
    FunctionName: { Value: { Ref: expect.stringMatching(/^DataLocalityFunction/) } },
    FunctionArn: { Value: { 'Fn::GetAtt': [expect.stringMatching(/^DataLocalityFunction/), 'Arn'] } },
    RootKey: { Value: ROOT_KEY },
  })
})

test('a region has no custom resource, and so no code but the function and the relay', () => {
  const template = synthesiseOne({ network: 'isolated' }).toJSON()
  const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type)
  expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(2)
  expect(types.filter((type) => type.startsWith('Custom::') || type.includes('CustomResource'))).toEqual([])
})

test('everything that goes can go: a destroyed stack leaves nothing behind', () => {
  const template = synthesiseOne({ network: 'isolated' }).toJSON()
  const kept = Object.values<{ DeletionPolicy?: string }>(template.Resources).filter(
    ({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete',
  )
  expect(kept).toEqual([])
})

const DENIES_PLAIN_HTTP = Match.objectLike({
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
})

const DENIES_PLAIN_HTTP_TO_S3 = {
  Effect: 'Deny',
  Action: 's3:*',
  Principal: { AWS: '*' },
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
}

function inAgentBucket(rest: string): object {
  return { 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^AgentsBucket/), 'Arn'] }, rest]] }
}

function inS3(rest: string): object {
  return { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::${rest}`]] }
}
