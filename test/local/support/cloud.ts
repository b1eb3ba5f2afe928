import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { type LocalCloud, type LocalCloudOptions, startCloud } from '../../../lib/local/cloud.ts'
import type { LambdaFunction } from '../../../lib/local/lambda/lambda-function.ts'
import type { FunctionSettings } from '../../../lib/local/lambda/service.ts'

export const REGION = 'eu-west-1'

/** A cloud in its own folder, with helpers to write and invoke functions. */
export interface TestCloud {
  readonly cloud: LocalCloud
  /** A temporary folder in which functions can create files. */
  readonly dir: string
  readonly lambda: LambdaClient
  /** Writes `files` into a folder, and creates a function from it. */
  deploy(
    files: string | Readonly<Record<string, string>>,
    settings?: Partial<FunctionSettings>,
  ): Promise<LambdaFunction>
  client(region: string): LambdaClient
  close(): Promise<void>
}

export async function startTestCloud(options: Partial<LocalCloudOptions> = {}): Promise<TestCloud> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-cloud-'))
  const cloud = await startCloud({ dir: join(dir, 'cloud'), regions: [REGION, 'us-east-1'], ...options })
  const client = (region: string) =>
    new LambdaClient({ region, endpoint: cloud.endpoint, credentials: cloud.credentials, maxAttempts: 1 })
  let functions = 0
  return {
    cloud,
    dir,
    client,
    lambda: client(REGION),
    async deploy(files, settings = {}) {
      const name = `function-${++functions}`
      const codeDir = join(dir, name)
      await mkdir(codeDir)
      const named = typeof files === 'string' ? { 'index.mjs': files } : files
      for (const [file, text] of Object.entries(named)) await writeFile(join(codeDir, file), text)
      return cloud.createFunction(REGION, { name, codeDir, ...settings })
    },
    async close() {
      await cloud.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
