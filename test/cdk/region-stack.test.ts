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

  test('has the configured memory, timeout, storage and concurrency', () => {
    const limits = { memoryMb: 3008, timeoutSeconds: 60, ephemeralMb: 1024, concurrency: 7 }
    functionHas(synthesiseOne({ limits }), {
      MemorySize: 3008,
      Timeout: 60,
      EphemeralStorage: { Size: 1024 },
      ReservedConcurrentExecutions: 7,
    })
  })

  test('has one vCPU, five minutes and at most 20 runs by default', () => {
    functionHas(synthesiseOne(), { MemorySize: 1769, Timeout: 300, ReservedConcurrentExecutions: 20 })
  })

  test('shares the account’s concurrency if configured', () => {
    functionHas(synthesiseOne({ limits: { concurrency: 'unreserved' } }), {
      ReservedConcurrentExecutions: Match.absent(),
    })
  })

  test('has tracing, and stops recursive invocations', () => {
    functionHas(synthesiseOne(), { TracingConfig: { Mode: 'Active' }, RecursiveLoop: 'Terminate' })
  })

  test('gets its fleet, agent bucket, secret, root key and compiler from its environment, and nothing else', () => {
    expect(environmentOf(synthesiseOne({ rootKey: ROOT_KEY }))).toEqual({
      LANDER_FLEET: 'demo',
      LANDER_AGENT_BUCKET: { Ref: expect.stringMatching(/^Agents/) },
      LANDER_FLEET_SECRET: 'lander/demo',
      LANDER_ROOT_KEY: ROOT_KEY,
      LANDER_COMPILER: { Ref: expect.stringMatching(/^Compiler/) },
    })
  })

  test('has no root key by default, and so admits no agent', () => {
    expect(environmentOf(synthesiseOne())).not.toHaveProperty('LANDER_ROOT_KEY')
  })

  test('has no URL and no resource policy, so only identities of the account can invoke it', () => {
    const template = synthesiseOne()
    template.resourceCountIs('AWS::Lambda::Url', 0)
    template.resourceCountIs('AWS::Lambda::Permission', 0)
  })

  test('writes JSON lines to its own log, with the configured retention', () => {
    const template = synthesiseOne({ logRetentionDays: 90 })
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
    functionHas(template, { LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.stringLikeRegexp('Log') } } })
  })

  test('does not retry a detached run, and sends failed ones to an encrypted queue that requires TLS', () => {
    const template = synthesiseOne()
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 })
    functionHas(template, { DeadLetterConfig: { TargetArn: Match.anyValue() } })
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 })
    template.hasResourceProperties('AWS::SQS::QueuePolicy', { PolicyDocument: { Statement: [DENIES_PLAIN_HTTP] } })
  })
})

describe('the role of the function', () => {
  test('may read objects, list, write to the mission ledger and invoke the compiler, and has no other permission', () => {
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

  test('writes only the mission ledger and sealed states, and only to its own agent bucket', () => {
    const puts = roleStatements(synthesiseOne({ data: [LOGS] })).filter(({ Action }) => Action === 's3:PutObject')
    expect(puts).toHaveLength(1)
    expect(puts[0]!.Resource).toEqual([inAgentBucket('/missions/*/landings/*'), inAgentBucket('/states/*')])
  })

  test('reads bundles, kernels, the key policy, states and the mission ledger from the agent bucket', () => {
    const reads = roleStatements(synthesiseOne()).filter(({ Action }) => Action === 's3:GetObject')
    expect(reads.map(({ Resource }) => Resource)).toEqual([
      ['agents', 'kernels', 'missions', 'states', 'trust'].map((folder) => inAgentBucket(`/${folder}/*`)),
    ])
  })

  test('reads and lists only the configured prefixes of a data bucket', () => {
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

  test('has no managed policy, and only Lambda can assume it', () => {
    synthesiseOne().hasResourceProperties('AWS::IAM::Role', {
      ManagedPolicyArns: Match.absent(),
      AssumeRolePolicyDocument: { Statement: [Match.objectLike({ Principal: { Service: 'lambda.amazonaws.com' } })] },
    })
  })

  test('may fetch only its fleet’s secret, in its own region', () => {
    const fetches = roleStatements(synthesiseOne()).filter(({ Action }) => Action === 'secretsmanager:GetSecretValue')
    expect(JSON.stringify(fetches[0]!.Resource)).toContain(':secretsmanager:eu-west-1:')
    expect(JSON.stringify(fetches[0]!.Resource)).toContain(':secret:lander/demo-??????')
  })

  test('allows all resources for the trace actions only', () => {
    const wide = roleStatements(synthesiseOne({ data: [LOGS] })).filter(({ Resource }) => Resource === '*')
    expect(allowedActions(wide)).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments'])
  })
})

describe('with credentials for each run', () => {
  const template = () => synthesiseOne({ data: [LOGS], perRunCredentials: true })
  const brokerPolicy = () => statementsOf(template(), /^BrokerRole/)

  test('the function itself may read no data', () => {
    const statements = roleStatements(template())
    expect(JSON.stringify(statements)).not.toContain('logs-eu')
    expect(allowedActions(statements)).toContain('sts:AssumeRole')
  })

  test('the function may assume the data role, and no other', () => {
    const assume = roleStatements(template()).filter(({ Action }) => Action === 'sts:AssumeRole')
    const broker = { 'Fn::GetAtt': [expect.stringMatching(/^BrokerRole/), 'Arn'] }
    expect(assume.map(({ Resource }) => Resource)).toEqual([broker])
    expect(environmentOf(template()).LANDER_BROKER_ROLE_ARN).toEqual(broker)
  })

  test('the data role reads and lists the data, and nothing else', () => {
    expect(allowedActions(brokerPolicy())).toEqual(['s3:GetObject', 's3:ListBucket'])
    expect(JSON.stringify(brokerPolicy())).not.toContain('AgentsBucket')
  })

  test('only the function can assume the data role', () => {
    const functionRole = { 'Fn::GetAtt': [Match.stringLikeRegexp('^DataLocalityRole'), 'Arn'] }
    template().hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { AWS: functionRole } }],
      },
    })
  })
})

describe('the agent bucket', () => {
  test('blocks public access and ACLs, and is encrypted', () => {
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

  test('refuses requests without TLS 1.2', () => {
    const template = synthesiseOne()
    const has = (statement: object) =>
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: { Statement: Match.arrayWith([Match.objectLike(statement)]) },
      })
    has(DENIES_PLAIN_HTTP_TO_S3)
    has({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } })
  })

  test('deletes bundles and kernels after 90 days, reservations after 30, states after two, and incomplete uploads after one', () => {
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

  test('never deletes the key policy', () => {
    const [bucket] = Object.values(synthesiseOne().findResources('AWS::S3::Bucket'))
    const rules: { Prefix?: string; ExpirationInDays?: number }[] = bucket!.Properties.LifecycleConfiguration.Rules
    const expiring = rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined)
    expect(expiring.every(({ Prefix }) => Prefix !== undefined && !'trust/policy.json'.startsWith(Prefix))).toBe(true)
  })
})

describe('alarms of a region', () => {
  test('fire when the function fails, has a fault, is throttled, refuses many runs, loses a detached run or sends many bytes to clients', () => {
    const template = synthesiseOne({ limits: { returnedBytesPerDay: 5000 } })
    const alarm = (properties: object) => template.hasResourceProperties('AWS::CloudWatch::Alarm', properties)
    alarm({ MetricName: 'Errors', Namespace: 'AWS/Lambda', Threshold: 1 })
    alarm({ MetricName: 'Faults', Namespace: 'Lander/demo', Threshold: 1 })
    alarm({ MetricName: 'Throttles', Namespace: 'AWS/Lambda', Threshold: 1 })
    alarm({ MetricName: 'RefusedAdmissions', Namespace: 'Lander/demo', Threshold: 10 })
    alarm({ MetricName: 'ApproximateNumberOfMessagesVisible', Namespace: 'AWS/SQS', Threshold: 1 })
    alarm({ MetricName: 'BytesReturned', Namespace: 'Lander/demo', Threshold: 5000, Period: 86_400 })
  })

  test('do not fire without calls', () => {
    const alarms = Object.values(synthesiseOne().findResources('AWS::CloudWatch::Alarm'))
    expect(alarms).toHaveLength(6)
    expect(alarms.every(({ Properties }) => Properties.TreatMissingData === 'notBreaching')).toBe(true)
  })

  test('count refusals and bytes from the function’s log lines', () => {
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

test('a region has the outputs from which a fleet file is made', () => {
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

test('a region has no custom resource, so its only functions are the data-locality function and the relay', () => {
  const template = synthesiseOne({ network: 'isolated' }).toJSON()
  const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type)
  expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(2)
  expect(types.filter((type) => type.startsWith('Custom::') || type.includes('CustomResource'))).toEqual([])
})

test('a destroyed stack leaves no resource behind', () => {
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
