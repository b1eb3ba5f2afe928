import type { Unreached } from './unreached.ts'

/** Node's codes for a certificate of an unknown authority or another host ("X509 certificate error codes" in its manual). */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])
const OUT_OF_TIME = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/** Why a TLS handshake failed, and what helps; `undefined` for any other error. */
export function explainTls(error: unknown): Unreached | undefined {
  const { code = '' } = (error ?? {}) as { readonly code?: string }
  if (UNTRUSTED.has(code)) {
    return {
      why: `its certificate is not trusted here (${code})`,
      remedy:
        'check the endpoint; then name the authority that signed the certificate: "ca" in the fleet file, or NODE_EXTRA_CA_CERTS',
    }
  }
  if (OUT_OF_TIME.has(code)) {
    return {
      why: `its certificate is not valid today (${code})`,
      remedy: 'set the clock of this machine; a restarted local cloud has a new certificate',
    }
  }
  return code === 'EPROTO'
    ? { why: 'it does not speak TLS (EPROTO)', remedy: 'write http:// for https:// in the endpoint' }
    : undefined
}
