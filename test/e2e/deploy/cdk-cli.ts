import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../../..')
const CDK = resolve(ROOT, 'node_modules/.bin/cdk')

export interface CdkOptions {
  readonly env: Readonly<Record<string, string>>
  /** Kill it when it has printed this: a deployment that is cut off. */
  readonly killAt?: string
}

/** What a command printed, and how it ended. */
export interface CdkResult {
  readonly output: string
  /** `null` when it was killed. */
  readonly status: number | null
}

/** Runs the CDK's own CLI from the project's root, as an operator does. */
export async function runCdk(args: readonly string[], { env, killAt }: CdkOptions): Promise<CdkResult> {
  const child = spawn(CDK, [...args, '--no-notices'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
    if (killAt !== undefined && output.includes(killAt)) killGroup(child)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const [status] = (await once(child, 'close')) as [number | null]
  return { output, status }
}

/** The CLI runs the app as a process of its own: both end. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself in the meantime.
  }
}
