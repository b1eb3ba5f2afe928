import { describe, expect, test } from 'vitest'
import { allowedActions, environmentOf, roleStatements, statementsOf, synthesiseOne } from './support/synthesise.ts'

const COMPILER = { FunctionName: 'lander-demo-compiler' }
const LOGS = { bucket: 'logs-eu', region: 'eu-west-1' }
const compilerStatements = () => statementsOf(synthesiseOne({ data: [LOGS] }), /^CompilerRole/)
const compiler = (config: object = {}) =>
  Object.values(synthesiseOne(config).findResources('AWS::Lambda::Function', { Properties: COMPILER }))

describe('the compiler function', () => {
  test('has one vCPU, half a minute, and no network', () => {
    const [fn] = compiler()
    expect(fn!.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 2048,
      Timeout: 30,
      RecursiveLoop: 'Terminate',
    })
    expect(fn!.Properties).not.toHaveProperty('VpcConfig')
  })

  test('may write its own log and put kernels, and has no other permission', () => {
    expect(allowedActions(compilerStatements())).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents', 's3:PutObject'])
    const puts = compilerStatements().filter(({ Action }) => Action === 's3:PutObject')
    const agents = { 'Fn::GetAtt': [expect.stringMatching(/^Agents/), 'Arn'] }
    expect(puts.map(({ Resource }) => Resource)).toEqual([{ 'Fn::Join': ['', [agents, '/kernels/*']] }])
    expect(JSON.stringify(compilerStatements())).not.toContain('logs-eu')
  })

  test('knows its agent bucket, but neither fleet nor secret', () => {
    expect(compiler()[0]!.Properties.Environment.Variables).toEqual({
      LANDER_AGENT_BUCKET: { Ref: expect.stringMatching(/^Agents/) },
    })
  })

  test('is invoked by the data-locality function, which may invoke no other', () => {
    const invokes = roleStatements(synthesiseOne()).filter(({ Action }) => Action === 'lambda:InvokeFunction')
    expect(invokes.map(({ Resource }) => Resource)).toEqual([
      { 'Fn::GetAtt': [expect.stringMatching(/^Compiler/), 'Arn'] },
    ])
    expect(environmentOf(synthesiseOne()).LANDER_COMPILER).toEqual({ Ref: expect.stringMatching(/^Compiler/) })
  })

  test('lets unused binaries expire', () => {
    const [bucket] = Object.values(synthesiseOne().findResources('AWS::S3::Bucket'))
    expect(bucket!.Properties.LifecycleConfiguration.Rules).toContainEqual(
      expect.objectContaining({ Prefix: 'kernels/', ExpirationInDays: 90 }),
    )
  })

  test('is absent in an isolated network, from which nothing could invoke it', () => {
    const isolated = { network: 'isolated' }
    expect(compiler(isolated)).toEqual([])
    expect(environmentOf(synthesiseOne(isolated))).not.toHaveProperty('LANDER_COMPILER')
    expect(allowedActions(roleStatements(synthesiseOne(isolated)))).not.toContain('lambda:InvokeFunction')
  })
})
