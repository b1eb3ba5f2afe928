import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { makeFolder } from '../../files/file-error.ts'
import { writeFileAtomically } from '../../files/write-file-atomically.ts'
import { makeCertificates } from './certificates.ts'

/** The certificate and the private key of a server: options of `node:https`. */
export interface ServerTls {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface KeptCertificates {
  /** The absolute path of the certificate that clients must trust. */
  readonly ca: string
  readonly server: ServerTls
}

/** A certificate is renewed at a start within this time before its expiry. */
const RENEWED_BEFORE_MS = 30 * 86_400_000

/**
 * The certificates in a folder. They are kept over restarts, so that other tools continue to trust them. New ones are
 * created if there are none, if they don't belong together, or before they expire.
 *
 * @param now milliseconds since 1970
 */
export async function keepCertificates(dir: string, now: number): Promise<KeptCertificates> {
  const files = { ca: resolve(dir, 'ca.pem'), server: resolve(dir, 'server.pem') }
  const kept = await Promise.all([readFile(files.ca, 'utf8'), readFile(files.server, 'utf8')]).catch(() => undefined)
  // One file has both certificate and key, so a crash can't separate them. OpenSSL finds each by its PEM label.
  if (kept !== undefined && holds(...kept, now)) return { ca: files.ca, server: { cert: kept[1], key: kept[1] } }
  const { ca, cert, key } = makeCertificates(now)
  await makeFolder(dir)
  await writeFileAtomically(files.server, cert + key)
  await writeFileAtomically(files.ca, ca)
  return { ca: files.ca, server: { cert, key } }
}

function holds(caPem: string, serverPem: string, now: number): boolean {
  try {
    const [ca, server] = [new X509Certificate(caPem), new X509Certificate(serverPem)]
    const ours =
      server.checkIssued(ca) && server.verify(ca.publicKey) && server.checkPrivateKey(createPrivateKey(serverPem))
    return ours && Date.parse(server.validTo) - now > RENEWED_BEFORE_MS && Date.parse(server.validFrom) <= now
  } catch {
    return false
  }
}
