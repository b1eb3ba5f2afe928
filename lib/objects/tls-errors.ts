import type { Unreached } from './unreached.ts'

/** Node's codes for a certificate that nothing trusted has signed, or not for this host ("X509 certificate error codes"). */
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

/** Why no TLS connection came about, and what helps; `undefined` for anything else. */
export function explainTls(error: unknown): Unreached | undefined {
  const { code = '' } = (error ?? {}) as { readonly code?: string }
  if (UNTRUSTED.has(code)) {
    return {
      why: `its certificate is not signed by one that is trusted here (${code})`,
      remedy:
        'name the certificate that signed it: "ca" in the fleet file, or NODE_EXTRA_CA_CERTS; and see whether the endpoint is the right one',
    }
  }
  if (OUT_OF_TIME.has(code)) {
    return {
      why: `its certificate is not valid today (${code})`,
      remedy: 'set the clock of this machine; a local cloud has a new certificate when it starts again',
    }
  }
  return code === 'EPROTO'
    ? { why: 'it does not speak TLS (EPROTO)', remedy: 'write http:// for https:// in the endpoint' }
    : undefined
}
