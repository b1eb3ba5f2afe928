import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LocalCloud, startLocalCloud } from '../../lib/local/cloud.ts'

let dir: string
let cloud: LocalCloud
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-cloud-'))
  await writeFile(
    join(dir, 'index.mjs'),
    `
    export const handler = async (event, context) => ({ event, region: process.env.AWS_REGION, left: context.getRemainingTimeInMillis() })
    export const stream = awslambda.streamifyResponse(async (event, out) => { out.write('a'); out.write('b'); out.end('c') })
  `,
  )
  cloud = await startLocalCloud({ dir: join(dir, 'cloud'), regions: ['us-east-1', 'eu-west-1'] })
})
afterAll(async () => {
  await cloud.close()
  await rm(dir, { recursive: true, force: true })
})

test('a function answers', async () => {
  cloud.createFunction('eu-west-1', { name: 'hello', codeDir: dir })
  const { endpoint, credentials } = cloud
  const client = new LambdaClient({ endpoint, credentials, region: 'eu-west-1' })
  for (let i = 0; i < 3; i++) {
    const t = performance.now()
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'hello', Payload: JSON.stringify({ i }), LogType: 'Tail' }),
    )
    console.log(
      performance.now() - t,
      answer.Payload?.transformToString(),
      answer.FunctionError,
      Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    )
    expect(answer.FunctionError).toBe(undefined)
  }
  cloud.createFunction('eu-west-1', { name: 'stream', codeDir: dir, handler: 'index.stream' })
  const s = await client.send(new InvokeWithResponseStreamCommand({ FunctionName: 'stream', LogType: 'Tail' }))
  for await (const event of s.EventStream ?? [])
    console.log(event.PayloadChunk ? Buffer.from(event.PayloadChunk.Payload!).toString() : event)
  console.log(cloud.links())
})
