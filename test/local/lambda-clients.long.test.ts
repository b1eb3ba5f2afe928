import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestCloud, type TestCloud } from './support/cloud.ts'

const run = promisify(execFile)
const present = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const awscli = present('aws', '--version')
const boto3 = present('python3', '-c', 'import boto3')

let local: TestCloud
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  local = await startTestCloud()
  const { accessKeyId, secretAccessKey } = local.cloud.credentials
  env = {
    PATH: process.env.PATH,
    CLIENT: local.dir,
    AWS_ENDPOINT_URL: local.cloud.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(process.env.PYENV_ROOT && { PYENV_ROOT: process.env.PYENV_ROOT }),
  }
})
afterAll(() => local.close())

describe.skipIf(!awscli)(`awscli${awscli ? '' : ' (skipped: there is no aws on this machine)'}`, () => {
  test('invokes a function with only the endpoint and keys', async () => {
    const fn = await local.deploy('export const handler = async (event) => ({ hello: event.name })')
    const out = join(local.dir, 'answer.json')
    const call = ['lambda', 'invoke', '--function-name', fn.name, '--log-type', 'Tail']
    const payload = Buffer.from('{"name":"aws"}').toString('base64')
    const version = String((await run('aws', ['--version'], { env })).stdout)
    const sent = version.startsWith('aws-cli/1') ? '{"name":"aws"}' : payload
    const { stdout } = await run('aws', [...call, '--payload', sent, out], { env })
    expect(JSON.parse(stdout)).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' })
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({ hello: 'aws' })
  })

  test('finds functions, and gets an error for missing ones', async () => {
    const fn = await local.deploy('')
    const listed = await run('aws', ['lambda', 'list-functions'], { env })
    expect(JSON.parse(listed.stdout).Functions).toContainEqual(expect.objectContaining({ FunctionArn: fn.arn }))
    await run('aws', ['lambda', 'wait', 'function-active', '--function-name', fn.name], { env })
    const missing = run('aws', ['lambda', 'get-function', '--function-name', 'missing'], { env })
    await expect(missing).rejects.toThrow(/ResourceNotFoundException.*Function not found: .*:function:missing/)
  })
})

const BOTO3 = `
import boto3, json, sys
client = boto3.client('lambda')
name = sys.argv[1]
answer = client.invoke(FunctionName=name, Payload=b'{"fail":false}')
failed = client.invoke(FunctionName=name, Payload=b'{"fail":true}')
stream = client.invoke_with_response_stream(FunctionName=name, Payload=b'{"fail":false}')
events = list(stream['EventStream'])
try:
    client.invoke(FunctionName='missing')
    refused = None
except client.exceptions.ResourceNotFoundException as error:
    refused = error.response['Error']['Message']
print(json.dumps({
    'answer': json.load(answer['Payload']), 'error': failed['FunctionError'], 'refused': refused,
    'streamed': b''.join(e['PayloadChunk']['Payload'] for e in events if 'PayloadChunk' in e).decode(),
    'last': list(events[-1]),
}))
`

describe.skipIf(!boto3)(`boto3${boto3 ? '' : ' (skipped: there is no boto3 on this machine)'}`, () => {
  test('invokes, streams, and distinguishes failures from refusals', async () => {
    const fn = await local.deploy(
      'export const handler = async (event) => { if (event.fail) throw new Error("no"); return "yes" }',
    )
    const { stdout } = await run('python3', ['-c', BOTO3, fn.name], { env })
    expect(JSON.parse(stdout)).toEqual({
      answer: 'yes',
      error: 'Unhandled',
      refused: expect.stringContaining('Function not found'),
      streamed: '"yes"',
      last: ['InvokeComplete'],
    })
  })
})
