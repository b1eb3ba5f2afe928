import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeCertificates } from '../../../lib/local/tls/certificates.ts'

const NOW = Date.UTC(2026, 10, 30, 12)
const DAY_MS = 86_400_000
const openssl = spawnSync('openssl', ['version']).status === 0

const dir = mkdtempSync(join(tmpdir(), 'lander-certificates-'))
afterAll(() => rmSync(dir, { recursive: true }))

const made = makeCertificates(NOW)
const [ca, server] = [new X509Certificate(made.ca), new X509Certificate(made.cert)]

describe('certificates', () => {
  test('of the server are signed by the authority, and its own by itself', () => {
    expect(server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true)
    expect(ca.checkIssued(ca) && ca.verify(ca.publicKey)).toBe(true)
    expect([ca.ca, server.ca]).toEqual([true, false])
  })

  test('include the server’s key, but not the authority’s', () => {
    const key = createPrivateKey(made.key)
    expect([server.checkPrivateKey(key), ca.checkPrivateKey(key)]).toEqual([true, false])
  })

  test('are valid for this computer only', () => {
    expect([server.checkIP('127.0.0.1'), server.checkHost('localhost')]).toEqual(['127.0.0.1', 'localhost'])
    expect([server.checkIP('127.0.0.2'), server.checkHost('example.com')]).toEqual([undefined, undefined])
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  test.each([NOW, Date.UTC(2049, 5, 1), Date.UTC(2060, 0, 1)])(
    'made at %d hold from the day before, for a year',
    (now) => {
      for (const pem of Object.values(makeCertificates(now)).slice(0, 2)) {
        const { validFrom, validTo } = new X509Certificate(pem)
        expect([Date.parse(validFrom), Date.parse(validTo)]).toEqual([now - DAY_MS, now + 365 * DAY_MS])
      }
    },
  )

  test('differ each time', () => {
    const other = new X509Certificate(makeCertificates(NOW).cert)
    expect(other.verify(ca.publicKey)).toBe(false)
    expect(other.serialNumber).not.toBe(server.serialNumber)
  })

  test.skipIf(!openssl)(`are flawless to openssl${openssl ? '' : ' (skipped: there is no openssl)'}`, () => {
    const [trusted, shown] = [join(dir, 'ca.pem'), join(dir, 'server.pem')]
    writeFileSync(trusted, made.ca)
    writeFileSync(shown, made.cert)
    const strict = ['-x509_strict', '-check_ss_sig', '-purpose', 'sslserver', '-attime', String(NOW / 1000)]
    const verify = (ip: string, by: string) =>
      spawnSync('openssl', ['verify', ...strict, '-verify_ip', ip, '-CAfile', by, shown], { encoding: 'utf8' })
    expect(verify('127.0.0.1', trusted)).toMatchObject({ status: 0, stdout: `${shown}: OK\n` })
    expect(verify('127.0.0.2', trusted).stderr).toContain('IP address mismatch')
    writeFileSync(join(dir, 'other.pem'), makeCertificates(NOW).ca)
    expect(verify('127.0.0.1', join(dir, 'other.pem')).status).not.toBe(0)
  })
})
