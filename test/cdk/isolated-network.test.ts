import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { allowedActions, environmentOf, roleStatements, synthesiseOne } from './support/synthesise.ts'

const LOGS = { bucket: 'logs-eu', region: 'eu-west-1' }
const isolated = () => synthesiseOne({ network: 'isolated', data: [LOGS] })

describe('an isolated network', () => {
  test('is the default of a fleet with confidential data', () => {
    const confidential = { data: [{ ...LOGS, confidential: true }] }
    synthesiseOne(confidential).resourceCountIs('AWS::EC2::VPC', 1)
    synthesiseOne({ ...confidential, network: 'open' }).resourceCountIs('AWS::EC2::VPC', 0)
    synthesiseOne({ data: [LOGS] }).resourceCountIs('AWS::EC2::VPC', 0)
  })

  test('contains the function', () => {
    const subnets = [{ Ref: Match.stringLikeRegexp('Subnet1') }, { Ref: Match.stringLikeRegexp('Subnet2') }]
    isolated().hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: subnets, SecurityGroupIds: [Match.anyValue()] },
    })
  })

  test('has no route to the internet and no resource with an hourly price', () => {
    const template = isolated()
    const types = [
      'NatGateway',
      'InternetGateway',
      'EgressOnlyInternetGateway',
      'EIP',
      'Route',
      'TransitGatewayAttachment',
    ]
    for (const type of types) template.resourceCountIs(`AWS::EC2::${type}`, 0)
    template.allResourcesProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' })
    template.allResourcesProperties('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false })
  })

  test('lets HTTPS out and nothing in', () => {
    isolated().hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [Match.objectLike({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })],
    })
  })

  test('reaches only buckets of its own account, and only with principals of its own account', () => {
    const account = { Ref: 'AWS::AccountId' }
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    for (const statement of endpoint!.Properties.PolicyDocument.Statement) {
      expect(statement.Condition).toEqual({
        StringEquals: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': account },
      })
    }
  })

  test('reaches only the agent bucket and the data buckets of the configuration', () => {
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    const resources = endpoint!.Properties.PolicyDocument.Statement.flatMap(
      ({ Resource }: { Resource: unknown }) => Resource,
    )
    expect(resources.every((resource: unknown) => /AgentsBucket|:s3:::logs-eu/.test(JSON.stringify(resource)))).toBe(
      true,
    )
    expect(resources).not.toContain('*')
  })

  test('allows writes of reservations and sealed states only', () => {
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    const statements = endpoint!.Properties.PolicyDocument.Statement
    expect(allowedActions(statements)).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject'])
    const put = statements.find(({ Action }: { Action: unknown }) => Action === 's3:PutObject')
    expect(JSON.stringify(put.Resource)).toMatch(/AgentsBucket.*\/missions\/\*.*AgentsBucket.*\/states\/\*/)
  })

  test('makes the role useless elsewhere: S3 accepts it through the endpoint only', () => {
    const denied = roleStatements(isolated()).filter(({ Effect, Action }) => Effect === 'Deny' && Action === 's3:*')
    expect(denied).toEqual([
      expect.objectContaining({
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': { Ref: expect.stringMatching(/S3/) } } },
      }),
    ])
  })

  test('denies the function’s own code the calls with which Lambda attaches the network', () => {
    const statements = roleStatements(isolated())
    const attach = (effect: string) =>
      statements.filter(({ Effect, Action }) => Effect === effect && Action.includes('ec2:CreateNetworkInterface'))
    expect(attach('Allow')).toHaveLength(1)
    expect(attach('Deny')).toEqual([
      expect.objectContaining({
        Action: attach('Allow')[0]!.Action,
        Condition: { ArnEquals: { 'lambda:SourceFunctionArn': expect.anything() } },
      }),
    ])
    expect(JSON.stringify(attach('Deny'))).toContain(':function:lander-demo-data-locality')
  })

  test('resolves names of S3 and blocks all others, so that no data leaves in a DNS query', () => {
    const template = isolated()
    template.hasResourceProperties('AWS::Route53Resolver::FirewallDomainList', {
      Domains: ['s3.eu-west-1.amazonaws.com', '*.s3.eu-west-1.amazonaws.com'],
    })
    template.hasResourceProperties('AWS::Route53Resolver::FirewallRuleGroup', {
      FirewallRules: [
        Match.objectLike({ Priority: 1, Action: 'ALLOW', FirewallDomainListId: domains('S3Names') }),
        Match.objectLike({ Priority: 2, Action: 'BLOCK', FirewallDomainListId: domains('EveryName') }),
      ],
    })
    template.resourceCountIs('AWS::Route53Resolver::FirewallRuleGroupAssociation', 1)
  })

  test('logs rejected packets', () => {
    isolated().hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'REJECT' })
  })

  test('gets the secret from CloudFormation, because Secrets Manager is unreachable, and may not fetch it', () => {
    const template = isolated()
    expect(environmentOf(template).LANDER_FLEET_SECRET).toBe('{{resolve:secretsmanager:lander/demo:SecretString}}')
    expect(allowedActions(roleStatements(template))).not.toContain('secretsmanager:GetSecretValue')
  })

  test('waits for the secret’s primary region', () => {
    const [fn] = Object.values(isolated().findResources('AWS::Lambda::Function'))
    expect(fn!.DependsOn).toContainEqual(expect.stringMatching(/^FleetSecret/))
  })
})

const domains = (id: string) => ({ 'Fn::GetAtt': [Match.stringLikeRegexp(id), 'Id'] })
