import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const TSX = fileURLToPath(new URL('../../node_modules/.bin/tsx', import.meta.url))
const SCRIPT = fileURLToPath(new URL('../../scripts/lander.ts', import.meta.url))
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
  const running = execute(TSX, [SCRIPT, ...args], options)
  running.child.stdin?.end()
  const { code = 0, stdout, stderr } = await running.catch((error) => error)
  return { status: code, stdout, stderr, json: args.includes('--json') ? JSON.parse(stdout) : undefined }
}
