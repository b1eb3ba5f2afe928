import { Match } from 'aws-cdk-lib/assertions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keysOf } from '../../cdk/constructs/data-access.ts'
import { AWS_REGIONS } from '../../lib/config/aws-regions.ts'
import { prefixHolds } from '../../lib/scope.ts'
import { LONG } from '../support/long.ts'
import { synthesise } from './support/synthesise.ts'

test('every list of regions gives one stack each, in order, with one secret that is replicated to the others', {
  timeout: 120_000,
}, () => {
  const regionLists = fc.uniqueArray(fc.constantFrom(...AWS_REGIONS), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(regionLists, fc.constantFrom('open', 'isolated'), (regions, network) => {
      const { templates } = synthesise({ fleet: 'demo', regions, network })
      expect([...templates.keys()]).toEqual(regions)
      const secrets = [...templates.values()].flatMap((template) =>
        Object.values(template.findResources('AWS::SecretsManager::Secret')),
      )
      expect(secrets).toHaveLength(1)
      const replicas = regions.slice(1).map((Region) => ({ Region }))
      expect(secrets[0]!.Properties.ReplicaRegions ?? []).toEqual(replicas)
    }),
    { numRuns: LONG ? 5 : 2 },
  )
})

test('CloudFormation generates the secret, and no template holds it', () => {
  const { templates } = synthesise({ fleet: 'demo', regions: ['us-east-1', 'eu-west-1'] })
  templates.get('us-east-1')!.hasResourceProperties('AWS::SecretsManager::Secret', {
    Name: 'lander/demo',
    SecretString: Match.absent(),
    GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
  })
})

test('the other regions are deployed after the one that holds the secret', () => {
  const { app } = synthesise({ fleet: 'demo', regions: ['us-east-1', 'eu-west-1', 'ap-south-1'] })
  const dependencies = app.synth().stacks.map((stack) => stack.dependencies.map(({ id }) => id).filter(isStack))
  expect(dependencies).toEqual([[], ['lander-demo-us-east-1'], ['lander-demo-us-east-1']])
})

test('one dashboard in the first region shows every region', () => {
  const { templates } = synthesise({ fleet: 'demo', regions: ['us-east-1', 'eu-west-1'] })
  const [dashboard] = Object.values(templates.get('us-east-1')!.findResources('AWS::CloudWatch::Dashboard'))
  const body = JSON.stringify(dashboard!.Properties.DashboardBody)
  for (const region of ['us-east-1', 'eu-west-1']) expect(body).toContain(region)
  templates.get('eu-west-1')!.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
})

test('every resource that can have tags has those of the fleet and of the configuration', () => {
  const { templates } = synthesise({ fleet: 'demo', regions: ['eu-west-1'], tags: { team: 'research' } })
  const tags = Match.arrayWith([
    { Key: 'lander:fleet', Value: 'demo' },
    { Key: 'team', Value: 'research' },
  ])
  const template = templates.get('eu-west-1')!
  template.hasResourceProperties('AWS::Lambda::Function', { Tags: tags })
  template.hasResourceProperties('AWS::S3::Bucket', { Tags: tags })
  template.hasResourceProperties('AWS::SecretsManager::Secret', { Tags: tags })
})

test('a grant matches the same keys in IAM as its prefix does in a scope', () => {
  const segment = fc.constantFrom('a', 'ab', 'logs', '')
  const path = fc.array(segment, { maxLength: 5 }).map((segments) => segments.join('/'))
  fc.assert(
    fc.property(path, path, (prefix, key) => {
      const granted = keysOf({ prefixes: [prefix] }).some((pattern) => iamMatches(pattern, key))
      expect(granted).toBe(prefixHolds(prefix, key))
    }),
    { numRuns: 1000 },
  )
})

const isStack = (id: string) => !id.endsWith('.assets')

/** Matches IAM's `*` at the end of a pattern, which stands for any characters, including slashes. */
function iamMatches(pattern: string, key: string): boolean {
  return pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern
}
