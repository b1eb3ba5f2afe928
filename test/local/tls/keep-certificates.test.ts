import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepCertificates } from '../../../lib/local/tls/keep-certificates.ts'

const NOW = Date.UTC(2026, 10, 30, 12)
const DAY_MS = 86_400_000

let dir: string
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'lander-tls-')), 'tls')
})
afterEach(() => rm(join(dir, '..'), { recursive: true }))

const trusted = () => readFile(join(dir, 'ca.pem'), 'utf8')

/** Returns the trusted certificate after another start, this many days later. */
async function restart(days: number): Promise<string> {
  const { server } = await keepCertificates(dir, NOW + days * DAY_MS)
  const ca = await trusted()
  expect(new X509Certificate(server.cert).verify(new X509Certificate(ca).publicKey)).toBe(true)
  return ca
}

test('keeps the trusted certificate after a restart, and renews it a month before it expires', async () => {
  const first = await restart(0)
  expect(await restart(300)).toBe(first)
  expect(await restart(336)).not.toBe(first)
})

test('makes valid certificates for a clock that was set back', async () => {
  const first = await restart(0)
  expect(await restart(-2)).not.toBe(first)
})

test('only its owner can read the key', async () => {
  await keepCertificates(dir, NOW)
  expect((await stat(join(dir, 'server.pem'))).mode & 0o777).toBe(0o600)
})

test('the certificate’s path is absolute, for any working directory', async () => {
  const { ca } = await keepCertificates(relative(process.cwd(), dir), NOW)
  expect([isAbsolute(ca), ca]).toEqual([true, join(dir, 'ca.pem')])
})

test.each(['ca.pem', 'server.pem'])('a %s that is damaged, missing or of another cloud is made anew', async (name) => {
  const first = await restart(0)
  await writeFile(join(dir, name), 'no certificate')
  const second = await restart(0)
  await rm(join(dir, name))
  const third = await restart(0)
  const other = await keepCertificates(join(dir, 'other'), NOW)
  await writeFile(join(dir, name), await readFile(join(other.ca, '..', name)))
  const fourth = await restart(0)
  expect(new Set([first, second, third, fourth]).size).toBe(4)
})
