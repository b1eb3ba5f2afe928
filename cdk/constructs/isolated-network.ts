import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as resolver from 'aws-cdk-lib/aws-route53resolver'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import type { DataBucket } from '../../lib/config/index.ts'
import { WRITE_FOLDERS } from './agent-bucket.ts'
import type { EnvironmentGrant } from './environment-grant.ts'

export interface IsolatedNetworkProps {
  readonly agentBucket: s3.Bucket
  readonly dataBuckets: readonly DataBucket[]
  readonly logRetention: logs.RetentionDays
}

/**
 * A network from which nothing but the region's own buckets can be reached: isolated subnets without NAT or internet
 * gateway, an S3 gateway endpoint that knows the account and the buckets, and a DNS firewall, since a resolver that
 * answers any name carries data out as names. None of these parts costs anything by the hour.
 */
export class IsolatedNetwork extends Construct {
  readonly vpc: ec2.IVpc
  readonly securityGroup: ec2.SecurityGroup
  readonly #endpoint: ec2.GatewayVpcEndpoint

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps) {
    super(scope, id)
    // The cast, here and in this folder: the CDK's classes declare optional members that its interfaces don't allow to
    // be undefined, which exactOptionalPropertyTypes tells apart.
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/24'),
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
      // It would take a Lambda-backed custom resource; nothing here is in the default group.
      restrictDefaultSecurityGroup: false,
    }) as ec2.IVpc
    this.securityGroup = this.#addSecurityGroup()
    this.#endpoint = this.#addS3Endpoint(props)
    this.#addFlowLog(props.logRetention)
    this.#addDnsFirewall()
  }

  /**
   * What the function's role needs to be in this network, and what it loses by it: S3 calls of the role count only
   * when they come through the endpoint, so credentials that were carried out are useless outside.
   */
  grantTo(functionArn: string): EnvironmentGrant {
    const interfaces = ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces']
    const everything = { resources: ['*'] }
    return {
      environment: {},
      statements: [
        new iam.PolicyStatement({ sid: 'LambdaAttachesTheFunction', actions: interfaces, ...everything }),
        // Lambda attaches with the function's role: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        // advises to deny the same calls to the function's own code.
        new iam.PolicyStatement({
          sid: 'TheCodeDoesNot',
          effect: iam.Effect.DENY,
          actions: interfaces,
          ...everything,
          conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
        }),
        new iam.PolicyStatement({
          sid: 'ObjectsOnlyThroughTheEndpoint',
          effect: iam.Effect.DENY,
          actions: ['s3:*'],
          ...everything,
          conditions: { StringNotEquals: { 'aws:SourceVpce': this.#endpoint.vpcEndpointId } },
        }),
      ],
      acknowledgements: [
        {
          id: 'AwsSolutions-IAM5[Resource::*]',
          reason:
            "Lambda's network interfaces do not exist before it makes them; the code itself is denied these calls. " +
            'The trace actions know no resource either.',
        },
      ],
    }
  }

  #addSecurityGroup(): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'FunctionGroup', {
      vpc: this.vpc,
      description: 'The data-locality function: HTTPS out, nothing in',
      allowAllOutbound: false,
    })
    // The only route out of the subnets is the S3 endpoint's, so any address means any address of S3.
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'HTTPS to S3 through the gateway endpoint')
    return group
  }

  #addS3Endpoint({ agentBucket, dataBuckets }: IsolatedNetworkProps): ec2.GatewayVpcEndpoint {
    const endpoint = this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    const { account } = Stack.of(this)
    const arnOf = (resource: string) => Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource })
    const buckets = [agentBucket.bucketArn, ...dataBuckets.map(({ bucket }) => arnOf(bucket))]
    const conditions = { StringEquals: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': account } }
    const allow = (sid: string, actions: string[], resources: string[]) =>
      endpoint.addToPolicy(
        new iam.PolicyStatement({ sid, principals: [new iam.AnyPrincipal()], actions, resources, conditions }),
      )
    allow('ReadOwnBuckets', ['s3:GetObject', 's3:ListBucket'], [...buckets, ...buckets.map((arn) => `${arn}/*`)])
    const written = WRITE_FOLDERS.map((folder) => agentBucket.arnForObjects(folder))
    allow('KeepLedgerAndHandOverStates', ['s3:PutObject'], written)
    return endpoint
  }

  /** Rejected packets alone: whatever tried to leave, and nothing of the traffic that may. */
  #addFlowLog(retention: logs.RetentionDays): void {
    const group = new logs.LogGroup(this, 'RejectedPackets', {
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.vpc.addFlowLog('Rejected', {
      trafficType: ec2.FlowLogTrafficType.REJECT,
      destination: ec2.FlowLogDestination.toCloudWatchLogs(group),
    })
  }

  #addDnsFirewall(): void {
    const { region } = Stack.of(this)
    const s3 = this.#addDomains('S3Names', [`s3.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`])
    const every = this.#addDomains('EveryName', ['*'])
    const rules = new resolver.CfnFirewallRuleGroup(this, 'DnsRules', {
      firewallRules: [
        { priority: 1, action: 'ALLOW', firewallDomainListId: s3.attrId },
        { priority: 2, action: 'BLOCK', blockResponse: 'NXDOMAIN', firewallDomainListId: every.attrId },
      ],
    })
    new resolver.CfnFirewallRuleGroupAssociation(this, 'DnsFirewall', {
      firewallRuleGroupId: rules.attrId,
      vpcId: this.vpc.vpcId,
      priority: 101,
    })
  }

  #addDomains(id: string, domains: string[]): resolver.CfnFirewallDomainList {
    return new resolver.CfnFirewallDomainList(this, id, { domains })
  }
}
