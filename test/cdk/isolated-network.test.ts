import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { allowedActions, environmentOf, roleStatements, synthesiseOne } from './support/synthesise.ts'

const LOGS = { bucket: 'logs-eu', region: 'eu-west-1' }
const isolated = () => synthesiseOne({ network: 'isolated', data: [LOGS] })

describe('an isolated network', () => {
  test('is what a fleet with confidential data gets unless the configuration says otherwise', () => {
    const confidential = { data: [{ ...LOGS, confidential: true }] }
    synthesiseOne(confidential).resourceCountIs('AWS::EC2::VPC', 1)
    synthesiseOne({ ...confidential, network: 'open' }).resourceCountIs('AWS::EC2::VPC', 0)
    synthesiseOne({ data: [LOGS] }).resourceCountIs('AWS::EC2::VPC', 0)
  })

  test('holds the function', () => {
    const subnets = [{ Ref: Match.stringLikeRegexp('Subnet1') }, { Ref: Match.stringLikeRegexp('Subnet2') }]
    isolated().hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: subnets, SecurityGroupIds: [Match.anyValue()] },
    })
  })

  test('has no way to the internet and nothing that costs by the hour', () => {
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

  test('reaches buckets of its own account alone, as a principal of its own account alone', () => {
    const account = { Ref: 'AWS::AccountId' }
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    for (const statement of endpoint!.Properties.PolicyDocument.Statement) {
      expect(statement.Condition).toEqual({
        StringEquals: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': account },
      })
    }
  })

  test('reaches the agent bucket and the data buckets of the configuration by name, and no other', () => {
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    const resources = endpoint!.Properties.PolicyDocument.Statement.flatMap(
      ({ Resource }: { Resource: unknown }) => Resource,
    )
    expect(resources.every((resource: unknown) => /AgentsBucket|:s3:::logs-eu/.test(JSON.stringify(resource)))).toBe(
      true,
    )
    expect(resources).not.toContain('*')
  })

  test('carries writes of reservations and sealed states alone', () => {
    const [endpoint] = Object.values(isolated().findResources('AWS::EC2::VPCEndpoint'))
    const statements = endpoint!.Properties.PolicyDocument.Statement
    expect(allowedActions(statements)).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject'])
    const put = statements.find(({ Action }: { Action: unknown }) => Action === 's3:PutObject')
    expect(JSON.stringify(put.Resource)).toMatch(/AgentsBucket.*\/missions\/\*.*AgentsBucket.*\/states\/\*/)
  })

  test('makes the role worthless elsewhere: S3 answers it through the endpoint alone', () => {
    const denied = roleStatements(isolated()).filter(({ Effect, Action }) => Effect === 'Deny' && Action === 's3:*')
    expect(denied).toEqual([
      expect.objectContaining({
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': { Ref: expect.stringMatching(/S3/) } } },
      }),
    ])
  })

  test("denies the function's own code the calls by which Lambda attaches it", () => {
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

  test('resolves the names of S3 and blocks every other, so that no data leaves in a name', () => {
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

  test('logs the packets that tried to leave', () => {
    isolated().hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'REJECT' })
  })

  test('gets the secret from CloudFormation, since Secrets Manager is out of reach, and no right to fetch it', () => {
    const template = isolated()
    expect(environmentOf(template).LANDER_FLEET_SECRET).toBe('{{resolve:secretsmanager:lander/demo:SecretString}}')
    expect(allowedActions(roleStatements(template))).not.toContain('secretsmanager:GetSecretValue')
  })

  test('waits for the secret in the region that makes it', () => {
    const [fn] = Object.values(isolated().findResources('AWS::Lambda::Function'))
    expect(fn!.DependsOn).toContainEqual(expect.stringMatching(/^FleetSecret/))
  })
})

const domains = (id: string) => ({ 'Fn::GetAtt': [Match.stringLikeRegexp(id), 'Id'] })
