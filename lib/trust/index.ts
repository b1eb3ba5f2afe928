/**
 * Who may run what: keys, signatures, policies, and the check that admits a bundle. Works in Node and in browsers. Key
 * files are in the module `lander`.
 *
 * @module lander/trust
 */
export { MANIFEST_TYPE, type Manifest, manifestPayload, parseManifest } from '../bundle/manifest.ts'
export { type AdmittedKey, admitKey, verifyStrict } from './ed25519.ts'
export {
  type Envelope,
  type EnvelopeJson,
  envelopeToJson,
  parseEnvelope,
  type Signature,
  signEnvelope,
} from './envelope.ts'
export type { KeyGrant, KeyPolicy } from './key-policy.ts'
export { createKeyring, type Keyring } from './keyring.ts'
export { generateKey, keyIdOf, type RandomBytes, type SigningKey } from './keys.ts'
export { createOrder, ORDER_TYPE, type Order, type OrderOptions, parseOrder, signOrder } from './order.ts'
export {
  POLICY_TYPE,
  type PolicyChecks,
  parsePolicy,
  signPolicy,
  verifyPolicy,
} from './policy.ts'
export {
  RECEIPT_TYPE,
  type Receipt,
  type ReceiptObject,
  type ReceiptObjects,
  type ReceiptTrust,
  type VerifiedReceipt,
  verifyReceipt,
  verifyReceiptChain,
} from './receipt.ts'
export { signBundle } from './sign-bundle.ts'
export type { VerifiedBundle } from './verified-bundle.ts'
export { type SignedPayload, verifyEnvelope } from './verify.ts'
export { type Admission, verifyBundle } from './verify-bundle.ts'
