import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UsageError } from '../errors.ts'

const REMEDY = 'correct "ca" in the fleet file, or write the file anew: lander local up --tls'

/**
 * The authorities (PEM) that a fleet file names for clients to trust.
 *
 * @throws UsageError `FILE_NOT_FOUND`, or `CONFIG_INVALID` where there is no certificate in the file
 */
export function readCertificates(path: string): string {
  const pem = readText(path)
  try {
    new X509Certificate(pem)
  } catch (cause) {
    throw new UsageError('CONFIG_INVALID', `"${path}" holds no certificate in PEM`, { remedy: REMEDY, cause })
  }
  return pem
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code
    throw new UsageError('FILE_NOT_FOUND', `the certificate "${path}" can't be read: ${why}`, { remedy: REMEDY, cause })
  }
}
