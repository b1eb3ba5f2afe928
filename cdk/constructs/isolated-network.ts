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
 * A network that reaches only the region's own buckets. It has isolated subnets without NAT or internet gateway, an S3
 * gateway endpoint whose policy names the account and the buckets, and a DNS firewall, because DNS queries could carry
 * data out of the network. None of these parts has an hourly price.
 */
export class IsolatedNetwork extends Construct {
  readonly vpc: ec2.IVpc
  readonly securityGroup: ec2.SecurityGroup
  readonly #endpoint: ec2.GatewayVpcEndpoint

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps) {
    super(scope, id)
    // The casts in this folder are needed with exactOptionalPropertyTypes: optional members of the CDK's classes can be
    // undefined, and those of its interfaces can't.
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/24'),
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
      // Restricting it needs a custom resource with a Lambda function, and nothing here uses the default group.
      restrictDefaultSecurityGroup: false,
    }) as ec2.IVpc
    this.securityGroup = this.#addSecurityGroup()
    this.#endpoint = this.#addS3Endpoint(props)
    this.#addFlowLog(props.logRetention)
    this.#addDnsFirewall()
  }

  /**
   * What the function's role needs in this network, and what it is denied: its S3 calls are allowed only through the
   * endpoint, so stolen credentials are useless elsewhere.
   */
  grantTo(functionArn: string): EnvironmentGrant {
    const interfaces = ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces']
    const everything = { resources: ['*'] }
    return {
      environment: {},
      statements: [
        new iam.PolicyStatement({ sid: 'LambdaAttachesTheFunction', actions: interfaces, ...everything }),
        // Lambda uses the function's role to attach network interfaces. AWS recommends denying these calls to the
        // function's code: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
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
            "Lambda's network interfaces don't exist at deployment, and the function's code is denied these calls. " +
            'The X-Ray actions support no resources either.',
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
    // The only route out of the subnets leads to the S3 endpoint, so this rule can only reach S3.
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

  /** Logs rejected packets only: attempts to leave the network, and none of the allowed traffic. */
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
