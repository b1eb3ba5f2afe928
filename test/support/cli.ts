import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { programFile } from './programs.ts'

const execute = promisify(execFile)

export interface CliResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** The JSON document that `--json` prints. */
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own.
  readonly json: any
}

export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `lander` in a separate process, without a terminal. */
export async function lander(args: readonly string[], { cwd, env }: CliOptions): Promise<CliResult> {
  const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env } }
  const running = execute(process.execPath, [programFile('scripts/lander.ts'), ...args], options)
  running.child.stdin?.end()
  const { code = 0, stdout, stderr } = await running.catch((error) => error)
  return { status: code, stdout, stderr, json: args.includes('--json') ? JSON.parse(stdout) : undefined }
}
