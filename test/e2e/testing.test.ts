/** A user's own test of their agent, as `lander/testing` makes it possible. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packSigned, parseDataUri, run } from 'lander'
import { startLocalCloud, type TestCloud } from 'lander/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

describe('a cloud for tests', () => {
  let cloud: TestCloud
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lander-user-'))
    await writeFile(
      join(folder, 'count.ts'),
      `import { agent, here, sum } from 'lander/agent'
       export default agent(async ({ word }: { word: string }) => {
         let count = 0
         for await (const line of here.lines('2026/')) if (line.includes(word)) count++
         return count
       }, { merge: sum })`,
    )
    cloud = await startLocalCloud({ regions: ['us-east-1', 'eu-west-1'] })
    await cloud.put('s3://logs-us/2026/a.log', 'ok\nERROR disk full\nok\n')
    await cloud.put('s3://logs-eu/2026/a.log', 'ERROR timeout\n', 'eu-west-1')
    await cloud.put('s3://logs-eu/2026/b.log', 'ERROR disk full\n', 'eu-west-1')
  })
  afterAll(async () => {
    await cloud[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  test('runs an agent in every region and merges its results', async () => {
    const scopes = ['s3://logs-us/', 's3://logs-eu/'].map(parseDataUri)
    const { file } = await packSigned(join(folder, 'count.ts'), cloud.key, { scopes })
    const answer = await run({ ...cloud, file, sender: cloud.key, input: { word: 'ERROR' } })
    expect(answer).toMatchObject({ outcome: 'completed', value: 3, left: [] })
  })

  test('refuses a region that does not exist', async () => {
    await expect(startLocalCloud({ regions: ['atlantis-1'] })).rejects.toMatchObject({ code: 'REGION_UNKNOWN' })
  })
})
