import { explainTls } from './tls-errors.ts'
import type { Unreached } from './unreached.ts'

const REFUSED = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH'])
const UNNAMED = new Set(['ENOTFOUND', 'EAI_AGAIN'])
const SLOW = new Set(['TimeoutError', 'ETIMEDOUT', 'ESOCKETTIMEDOUT'])
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError'])

/** The cause of a request that did not reach S3; `undefined` if S3 answered, or if the cause is unknown. */
export function explainUnreached(error: unknown): Unreached | undefined {
  const { name = '', code = '', address, port, hostname } = (error ?? {}) as UnreachedError
  if (NO_CREDENTIALS.has(name)) {
    return {
      why: 'there are no AWS credentials',
      remedy: 'sign in (aws configure, or aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID',
    }
  }
  if (REFUSED.has(code)) {
    const place = address === undefined ? 'its endpoint' : `${address}${port === undefined ? '' : `:${port}`}`
    return { why: `nothing answers at ${place} (${code})`, remedy: `check the network, and ${ENDPOINT}` }
  }
  if (UNNAMED.has(code)) {
    return {
      why: `there is no host ${hostname ?? 'of its name'} (${code})`,
      remedy: `check the network, and ${ENDPOINT}`,
    }
  }
  if (SLOW.has(name) || SLOW.has(code)) {
    return { why: 'it did not answer in time', remedy: `check the network, a proxy, and ${ENDPOINT}; then try again` }
  }
  return explainTls(error)
}

const ENDPOINT = 'the endpoint that AWS_ENDPOINT_URL or the fleet file names'

/** What the SDK and the system's sockets add to an error. */
interface UnreachedError {
  readonly name?: string
  readonly code?: string
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}
