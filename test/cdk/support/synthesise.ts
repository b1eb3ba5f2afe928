import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { onTestFinished } from 'vitest'
import { addFleet } from '../../../cdk/fleet.ts'
import { parseConfig } from '../../../lib/config/index.ts'

const CDK_JSON = JSON.parse(readFileSync(new URL('../../../cdk.json', import.meta.url), 'utf8'))

export interface Synthesised {
  readonly app: App
  /** The folder of the templates, which exists until the test ends. */
  readonly directory: string
  /** The templates by region. */
  readonly templates: ReadonlyMap<string, Template>
}

/** Synthesises a fleet as the app does, with a placeholder for the built function. */
export function synthesise(config: unknown): Synthesised {
  const outdir = temporaryFolder()
  const assetDir = temporaryFolder()
  writeFileSync(join(assetDir, 'index.mjs'), 'export const handler = async () => {}\n')
  const app = new App({ outdir, context: CDK_JSON.context, analyticsReporting: CDK_JSON.versionReporting })
  const stacks = addFleet(app, {
    config: parseConfig(config),
    assetDir,
    relayAssetDir: assetDir,
    compilerAssetDir: assetDir,
  })
  const templates = new Map(stacks.map((stack) => [stack.region, Template.fromStack(stack)]))
  return { app, directory: outdir, templates }
}

const known = new Map<string, Template>()

/** Returns the template of the first region. The same configuration is synthesised once. */
export function synthesiseOne(config: object = {}): Template {
  const whole = { fleet: 'demo', regions: ['eu-west-1'], ...config }
  const key = JSON.stringify(whole)
  const template = known.get(key) ?? [...synthesise(whole).templates.values()][0]!
  known.set(key, template)
  return template
}

/** A policy statement of a template. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

/** Returns the statements of the function's own role. */
export const roleStatements = (template: Template): Statement[] => statementsOf(template, /^DataLocalityRole/)

/** Returns the statements of the roles whose logical id matches. */
export function statementsOf(template: Template, role: RegExp): Statement[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy'))
  return policies.filter(([id]) => role.test(id)).flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
}

/** Returns the distinct actions that the statements allow, in alphabetical order. */
export function allowedActions(statements: readonly Statement[]): string[] {
  const allowed = statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action)
  return [...new Set(allowed)].sort()
}

/** Returns the function's environment. */
export function environmentOf(template: Template): Record<string, unknown> {
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function'))
  return fn!.Properties.Environment.Variables
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lander-cdk-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
