import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const ROOT = resolve(import.meta.dirname, '../../..')
const START_MS = 30_000

/** What a test needs to be pointed at an emulated AWS. */
export interface Emulator extends AsyncDisposable {
  /** The variables that point the CDK and the SDK at it. */
  readonly env: Readonly<Record<string, string>>
  /** For SDK clients: by address, so that they choose path style. */
  readonly endpoint: string
  /** Calls an API that speaks JSON 1.1 and for which the project has no client. */
  call(service: string, region: string, target: string, body?: object): Promise<Record<string, unknown>>
}

/** Why there is no emulator here, or `undefined` when there is one. */
export function missingEmulator(): string | undefined {
  const script = emulatorScript()
  if (!existsSync(script)) return `no emulator at ${script}: name one with LANDER_AWS_EMULATOR`
  const { status } = spawnSync('python3', ['-c', 'import moto.server'])
  return status === 0 ? undefined : 'the Python package moto, with its server, is not installed'
}

function emulatorScript(): string {
  return resolve(process.env.LANDER_AWS_EMULATOR ?? resolve(ROOT, '../shared/tools/aws_emulator.py'))
}

/** Starts an emulated AWS on a free port; disposing of it ends it, and so does the end of this process. */
export async function startEmulator(): Promise<Emulator> {
  const port = await freePort()
  const child = spawn('python3', [emulatorScript(), '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const endpoint = `http://127.0.0.1:${port}`
  await answers(endpoint, child)
  return {
    endpoint,
    env: environment(port),
    call: (service, region, target, body = {}) => callJson(endpoint, { service, region, target, body }),
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

function environment(port: number): Record<string, string> {
  return {
    // By name: the CDK's CLI misreads a template's URL that has an address.
    AWS_ENDPOINT_URL: `http://localhost:${port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && child.exitCode === null) {
    const reply = await fetch(`${endpoint}/moto-api/`).catch(() => undefined)
    await reply?.body?.cancel()
    if (reply?.ok) return
    await delay(100)
  }
  child.kill('SIGKILL')
  throw new Error(`the emulator did not answer at ${endpoint} within ${START_MS / 1000} s`)
}

interface JsonCall {
  readonly service: string
  readonly region: string
  readonly target: string
  readonly body: object
}

async function callJson(
  endpoint: string,
  { service, region, target, body }: JsonCall,
): Promise<Record<string, unknown>> {
  const scope = `test/20260101/${region}/${service}/aws4_request`
  const reply = await fetch(endpoint, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      // The emulator reads service and region from the scope and checks no signature.
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
    },
  })
  const answer = (await reply.json()) as Record<string, unknown>
  if (!reply.ok) throw new Error(`${target} in ${region}: ${JSON.stringify(answer)}`)
  return answer
}
