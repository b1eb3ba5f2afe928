/** The small examples by task, in a fleet on this machine. Each comes to the answer that examples/README.md shows. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packSigned, parseDataUri, type RunOptions, run } from 'lander'
import { startLocalCloud, type TestCloud } from 'lander/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, samplesIn } from '../support/samples.ts'

const TASKS = join(ROOT, 'examples/tasks')
const MAX_LINES = 40

/** The data of the page's first commands: one file for each region and bucket. */
const REGIONS = { us: 'us-east-1', eu: 'eu-west-1' } as const
const BUCKETS = { logs: 'log', sales: 'csv' } as const

interface Task {
  /** Its heading on the page. */
  readonly heading: string
  readonly agent: string
  readonly bucket: keyof typeof BUCKETS
  readonly options?: Partial<RunOptions>
}

const AGENTS: readonly Task[] = [
  { heading: 'Count lines', agent: 'count-lines.ts', bucket: 'logs', options: { input: { word: 'ERROR' } } },
  { heading: 'Group by a column', agent: 'group-by.ts', bucket: 'sales' },
  { heading: 'Leave the rows where they are', agent: 'residency.ts', bucket: 'sales', options: { place: 'data' } },
  { heading: 'Hop with state', agent: 'hop-with-state.ts', bucket: 'logs', options: { start: 'once' } },
  { heading: 'A kernel in C', agent: 'checksum.ts', bucket: 'logs' },
]

const page = await readFile(join(ROOT, 'examples/README.md'), 'utf8')
const [byTask = ''] = page.split('\n## The tour\n')
const sources = (await readdir(TASKS)).filter((name) => /\.(ts|c)$/.test(name))

/** What the page says that a task's command prints. */
function answerOn(heading: string): string {
  const section = byTask.split(`\n### ${heading}\n`)[1]?.split('\n### ')[0] ?? ''
  return samplesIn('examples/README.md', section)
    .find(({ language }) => language === '')!
    .text.trim()
}

let cloud: TestCloud
beforeAll(async () => {
  cloud = await startLocalCloud({ regions: Object.values(REGIONS) })
  for (const [name, region] of Object.entries(REGIONS))
    for (const [kind, ending] of Object.entries(BUCKETS)) {
      const body = await readFile(join(TASKS, `data/${name}.${ending}`))
      await cloud.put(`s3://${kind}-${name}/${kind}/${name}.${ending}`, body, region)
    }
})
afterAll(() => cloud?.[Symbol.asyncDispose]())

describe('the examples by task', () => {
  test.each(sources)(`%s is on the page, has at most ${MAX_LINES} lines, and imports what users have`, async (name) => {
    const text = await readFile(join(TASKS, name), 'utf8')
    expect(byTask).toContain(`(tasks/${name})`)
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(MAX_LINES)
    expect(text).not.toMatch(/from '\.\.\//)
  })

  test.each(AGENTS)('$heading: $agent', async ({ heading, agent, bucket, options }) => {
    const scopes = Object.keys(REGIONS).map((name) => parseDataUri(`s3://${bucket}-${name}/`))
    const { file } = await packSigned(join(TASKS, agent), cloud.key, { scopes })
    const { fleet, clients, key } = cloud
    const answer = await run({ fleet, clients, file, sender: key, ...options })
    expect(answer).toMatchObject({ outcome: 'completed', value: JSON.parse(answerOn(heading)) })
  })

  test('Detach: detached.ts', async () => {
    const { files } = cloud.local
    const stdout = await runScript('detached.ts', files.fleet, files.developerKey)
    expect(stdout).toBe(answerOn('Detach'))
  })

  test('Test an agent: local-cloud.ts', async () => {
    expect(await runScript('local-cloud.ts')).toBe(answerOn('Test an agent'))
  })

  test('Plan before you pay: plan-placement.ts', async () => {
    expect(await runScript('plan-placement.ts')).toContain('every group is processed in its own region')
  })
})

async function runScript(name: string, ...args: readonly string[]): Promise<string> {
  const command = ['--import', 'tsx', `examples/tasks/${name}`, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, timeout: 100_000 })
  return stdout.trim()
}
