import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import { readFleetFile } from '../../lib/fleet/fleet-file.ts'
import { readCertificates } from '../../lib/fleet/read-certificates.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { makeCertificates } from '../../lib/local/tls/certificates.ts'

const dir = mkdtempSync(join(tmpdir(), 'lander-certificates-'))
afterAll(() => rmSync(dir, { recursive: true }))

const { ca, key } = makeCertificates(Date.now())
const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

test('reads one or several certificates of a file', () => {
  expect(readCertificates(write('two.pem', ca + ca))).toBe(ca + ca)
})

test('refuses a missing file, and a file without a certificate, before it sends a request', () => {
  const remedy = expect.stringContaining('"ca" in the fleet file')
  const refused = (path: string) => () => createFleetClients({ endpoint: 'https://127.0.0.1:9', ca: path })
  const missing = join(dir, 'missing.pem')
  expect(refused(missing)).toThrow(
    expect.objectContaining({
      code: 'FILE_NOT_FOUND',
      message: `the certificate "${missing}" can't be read: ENOENT`,
      remedy,
    }),
  )
  for (const path of [write('empty.pem', ''), write('key.pem', key), write('text.pem', 'BEGIN CERTIFICATE')])
    expect(refused(path)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: `"${path}" holds no certificate in PEM`, remedy }),
    )
})

test('resolves a certificate’s path relative to the fleet file', async () => {
  const fleet = {
    lander: FORMAT_VERSION,
    name: 'local',
    rootKey: 'k'.repeat(43),
    regions: [{ region: 'eu-west-1', functionName: 'f', agentBucket: 'b' }],
    endpoint: 'https://127.0.0.1:9',
  }
  for (const [named, resolved] of [
    ['tls/ca.pem', join(dir, 'tls/ca.pem')],
    ['/etc/ca.pem', '/etc/ca.pem'],
  ]) {
    const path = write('fleet.json', JSON.stringify({ ...fleet, ca: named }))
    expect((await readFleetFile(path)).ca).toBe(resolved)
  }
  expect(await readFleetFile(write('fleet.json', JSON.stringify(fleet)))).not.toHaveProperty('ca')
  await expect(readFleetFile(write('fleet.json', JSON.stringify({ ...fleet, ca: '' })))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  })
})
