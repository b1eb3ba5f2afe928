/**
 * The version of every format that Lander signs, sends or stores, and the refusal of any other. All formats share one
 * version, so a fleet and its clients either understand each other completely or say at once that they do not.
 */
import { RefusedError } from './errors.ts'

/** Raise it when the bytes of any format change, and renew the golden files: see CONTRIBUTING.md. */
export const FORMAT_VERSION = 2

/** The documents that an envelope can carry. The name is part of the media type that is signed. */
export type SignedFormat = 'manifest' | 'order' | 'policy' | 'messages' | 'receipt' | 'state'

/** A format as a refusal names it. */
export interface FormatName {
  /** What people call it, with its article: `the order`. */
  readonly name: string
  /** The command that makes such a document in the current version. */
  readonly remedy: string
  /** The version that is understood. @default FORMAT_VERSION */
  readonly version?: number
}

const RUN_AGAIN = 'run the agent again with lander run'
const SAME_VERSION = 'use a client of the same version as the fleet: lander fleet check shows it'

/** What each format is called, and how to make it anew. */
export const FORMATS = {
  bundle: { name: 'the bundle', remedy: 'pack and sign the agent again with lander pack' },
  manifest: { name: 'the manifest', remedy: 'pack and sign the agent again with lander pack' },
  order: { name: 'the order', remedy: `${RUN_AGAIN}: it signs a new order` },
  policy: {
    name: 'the key policy',
    remedy: 'move the old file away, add each key with lander trust add, then run lander trust publish',
  },
  messages: { name: 'the list of messages', remedy: SAME_VERSION },
  receipt: { name: 'the receipt', remedy: `${RUN_AGAIN} --receipts: it writes a new receipt` },
  state: { name: 'the sealed state', remedy: RUN_AGAIN },
  fleet: { name: 'the fleet file', remedy: 'write it again with lander fleet import, or with lander local up' },
  invocation: { name: 'the invocation', remedy: SAME_VERSION },
  compileEvent: { name: 'the request to compile a kernel', remedy: 'deploy the stack again with cdk deploy' },
  relayEvent: { name: 'the event for the relay', remedy: SAME_VERSION },
  missionRequest: { name: 'the request of the detached mission', remedy: 'send it again with lander run --detach' },
  missionAnswer: { name: 'the answer of the detached mission', remedy: SAME_VERSION },
} as const satisfies Readonly<Record<string, FormatName>>

/** The media type of a signed JSON document: `application/vnd.lander.order.v2+json`. */
export function mediaType<Name extends SignedFormat>(name: Name) {
  return `application/vnd.lander.${name}.v${FORMAT_VERSION}+json` as const
}

const MEDIA_TYPE = /^application\/vnd\.lander\.([a-z-]{1,32})\.v(\d{1,9})\+json$/

/**
 * Refuses a payload type that names the expected document in another version. Any other type passes: whether it is the
 * expected one is for the caller to check.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED`
 */
export function requireMediaTypeVersion(found: string, expected: string): void {
  const [, name, version] = MEDIA_TYPE.exec(found) ?? []
  if (name === undefined || MEDIA_TYPE.exec(expected)?.[1] !== name) return
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name as SignedFormat] : undefined
  if (format !== undefined) requireVersion(Number(version), format)
}

/**
 * Refuses a JSON document whose field `lander` names another version. A document without that field passes: its schema
 * decides.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED`
 */
export function requireDocumentVersion(value: unknown, format: FormatName): void {
  const found = (value as { readonly lander?: unknown } | null | undefined)?.lander
  if (typeof found === 'number' && Number.isSafeInteger(found)) requireVersion(found, format)
}

/**
 * Refuses any version but the current one.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED` with the version found, the one that is understood, and the remedy
 */
export function requireVersion(found: number, { name, remedy, version = FORMAT_VERSION }: FormatName): void {
  if (found === version) return
  const fact = `${name} has format version ${found}; this version of Lander reads version ${version}`
  throw new RefusedError('VERSION_UNSUPPORTED', fact, { remedy })
}
