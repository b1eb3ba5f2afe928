import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { secretReader } from '../../lib/aws/secret-reader.ts'
import { createFleetSecret, formatFleetSecret } from '../../lib/trust/fleet-secret.ts'

const region = 'eu-west-1'

test.each([
  ['a document', formatFleetSecret(createFleetSecret())],
  ['a generated password', 'a1B2'.repeat(16)],
])('%s stands for itself', async (_, secret) => {
  expect(await secretReader(secret, { region })()).toBe(secret)
})

test('reads the file again each time', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-secret-'))
  try {
    const path = join(dir, 'secret.json')
    const read = secretReader(pathToFileURL(path).href, { region })
    await writeFile(path, 'one')
    expect(await read()).toBe('one')
    await writeFile(path, 'two')
    expect(await read()).toBe('two')
  } finally {
    await rm(dir, { recursive: true })
  }
})
