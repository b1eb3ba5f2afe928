import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WideAgent } from '../../lib/objects/wide-agent.ts'
import { patternBytes } from '../contracts/object-store.ts'

const body = patternBytes(4 * 2 ** 20 + 7)

async function startServer(): Promise<{ port: number; agent: WideAgent; connections: () => number }> {
  let connections = 0
  const server = createServer((_, response) => response.end(body)).on('connection', () => connections++)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const agent = new WideAgent({ keepAlive: true })
  onTestFinished(() => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, agent, connections: () => connections }
}

async function request(port: number, agent: WideAgent): Promise<IncomingMessage> {
  const [answer] = (await once(get({ host: '127.0.0.1', port, agent }), 'response')) as [IncomingMessage]
  return answer
}

test('chunks that are kept are not overwritten by those after them', async () => {
  const { port, agent } = await startServer()
  const kept: Uint8Array[] = []
  for await (const chunk of await request(port, agent)) kept.push(chunk as Uint8Array)
  expect(Buffer.concat(kept).equals(body)).toBe(true)
})

test('a connection serves again, and every answer is whole', async () => {
  const { port, agent, connections } = await startServer()
  for (let round = 0; round < 3; round++) {
    const chunks: Uint8Array[] = []
    for await (const chunk of await request(port, agent)) chunks.push(chunk as Uint8Array)
    expect(Buffer.concat(chunks).equals(body)).toBe(true)
  }
  expect(connections()).toBe(1)
})

test('a reader that pauses gets the rest when it goes on', async () => {
  const { port, agent } = await startServer()
  const answer = await request(port, agent)
  const chunks: Uint8Array[] = []
  answer.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk)
    answer.pause()
    setImmediate(() => answer.resume())
  })
  await once(answer, 'end')
  expect(Buffer.concat(chunks).equals(body)).toBe(true)
})
