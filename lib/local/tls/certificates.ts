/** Creates X.509 certificates (RFC 5280) for a server on 127.0.0.1. Node can parse certificates, but not create them. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bitString, der, integer, objectId, octetString, sequence, TRUE, time } from './der.ts'

export interface Certificates {
  /** The certificate of the authority in PEM, which clients must trust. */
  readonly ca: string
  /** The server's certificate, PEM. */
  readonly cert: string
  /** The server's private key, PEM. */
  readonly key: string
}

const DAY_MS = 86_400_000
/** Apple's clients refuse server certificates that are valid for more than 825 days, browsers for more than 398. */
export const LIFE_MS = 365 * DAY_MS
/** How long before `now` the validity starts, for clients whose clocks are behind. */
const BACKDATED_MS = DAY_MS

/**
 * Creates a certificate authority and a server certificate that it signs. There are two certificates, because some clients
 * (rustls) do not accept an authority as a server. The authority's key is discarded, so it can sign no other server.
 *
 * @param now milliseconds since 1970
 */
export function makeCertificates(now: number): Certificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = { issuer: AUTHORITY, issuerKey: authority, from: now - BACKDATED_MS, until: now + LIFE_MS }
  const ca = certificate({ ...signed, subject: AUTHORITY, publicKey: authority.publicKey, extensions: AUTHORITY_MAY })
  const cert = certificate({ ...signed, subject: SERVER, publicKey: server.publicKey, extensions: SERVER_MAY })
  const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { ca: pem(ca), cert: pem(cert), key }
}

const AUTHORITY = 'Lander local cloud: authority'
const SERVER = 'Lander local cloud'

/** An extension that a client must understand. */
const critical = (id: string, value: Uint8Array): Buffer => sequence(objectId(id), TRUE, octetString(value))
const extension = (id: string, value: Uint8Array): Buffer => sequence(objectId(id), octetString(value))

const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'

const AUTHORITY_MAY = [
  // A certificate authority that can't have others below it.
  critical(BASIC_CONSTRAINTS, sequence(TRUE, integer(Uint8Array.of(0)))),
  // Bit 5 allows signing certificates.
  critical(KEY_USAGE, bitString(Uint8Array.of(0x04), 2)),
]

const SERVER_MAY = [
  critical(BASIC_CONSTRAINTS, sequence()),
  // Bit 0 allows the signatures of a TLS handshake.
  critical(KEY_USAGE, bitString(Uint8Array.of(0x80), 7)),
  extension(EXTENDED_KEY_USAGE, sequence(objectId('1.3.6.1.5.5.7.3.1'))),
  extension(
    SUBJECT_ALTERNATIVE_NAME,
    sequence(der(0x82, Buffer.from('localhost')), der(0x87, Uint8Array.of(127, 0, 0, 1))),
  ),
]

interface Contents {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly issuer: string
  readonly issuerKey: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly from: number
  readonly until: number
  readonly extensions: readonly Uint8Array[]
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'))
const VERSION_3 = der(0xa0, integer(Uint8Array.of(2)))

/** A signed certificate (RFC 5280 §4.1). */
function certificate({ subject, publicKey, issuer, issuerKey, from, until, extensions }: Contents): Buffer {
  const identifiers = [
    extension(SUBJECT_KEY_IDENTIFIER, octetString(keyIdentifier(publicKey))),
    extension(AUTHORITY_KEY_IDENTIFIER, sequence(der(0x80, keyIdentifier(issuerKey.publicKey)))),
  ]
  const toBeSigned = sequence(
    VERSION_3,
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    sequence(time(from), time(until)),
    commonName(subject),
    spki(publicKey),
    der(0xa3, sequence(...extensions, ...identifiers)),
  )
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, issuerKey.privateKey)))
}

/** A random serial number: positive and with a first octet that is not zero, so that it has 16 octets in DER. */
function serialNumber(): Uint8Array {
  const octets = randomBytes(16)
  octets[0] = (octets[0]! & 0x3f) | 0x40
  return octets
}

const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(name)))))

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** The key identifier: a hash of the public key, truncated to 160 bits (RFC 7093 §2). */
const keyIdentifier = (key: KeyObject): Buffer => createHash('sha256').update(spki(key)).digest().subarray(0, 20)

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
