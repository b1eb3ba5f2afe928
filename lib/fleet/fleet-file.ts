import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import { writeFileAtomically } from '../files/write-file-atomically.ts'
import { FORMAT_VERSION, FORMATS, requireDocumentVersion } from '../format-version.ts'
import { parseJsonFile } from '../json-file.ts'

const REGION = v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region code such as eu-west-1'))

const FleetSchema = v.strictObject({
  lander: v.literal(FORMAT_VERSION),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  /** The public root key, which verifies the fleet's key policy, in base64url. */
  rootKey: v.pipe(v.string(), v.length(43)),
  /** The public keys of the fleet's receipts, by epoch of its secret. Old keys are kept to verify old receipts. */
  receiptKeys: v.optional(
    v.array(
      v.strictObject({
        epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
        publicKey: v.pipe(v.string(), v.length(43)),
      }),
    ),
    [],
  ),
  regions: v.pipe(
    v.array(
      v.strictObject({
        region: REGION,
        functionName: v.string(),
        agentBucket: v.string(),
        /** The relay function, which runs detached missions. */
        relayName: v.optional(v.string()),
      }),
    ),
    v.minLength(1),
  ),
  /** The endpoint of S3 and Lambda in a local cloud. Absent for AWS. */
  endpoint: v.optional(v.pipe(v.string(), v.url())),
  /** The file (PEM) of the certificate authority that clients must trust, relative to this file. Only a local cloud with TLS has one. */
  ca: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** The region that the client is near, and the bandwidth of its line. Quotes of transfers use both. */
  client: v.optional(v.strictObject({ region: REGION, bitsPerSecond: v.pipe(v.number(), v.finite(), v.minValue(1)) })),
  /** The credentials of a local cloud. For AWS, the SDK finds credentials as usual. */
  credentials: v.optional(v.strictObject({ accessKeyId: v.string(), secretAccessKey: v.string() })),
})

/** A fleet file: the deployed regions, and how to reach them. */
export interface Fleet extends v.InferOutput<typeof FleetSchema> {}
/** One deployed region: its function and its agent bucket. */
export type FleetRegion = Fleet['regions'][number]

/**
 * Parses a fleet file.
 *
 * @param source the name of the file in errors
 * @throws RefusedError `VERSION_UNSUPPORTED`
 * @throws UsageError `CONFIG_INVALID`
 */
export function parseFleet(json: unknown, source = 'the fleet'): Fleet {
  requireDocumentVersion(json, { ...FORMATS.fleet, name: source })
  const parsed = v.safeParse(FleetSchema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw new UsageError('CONFIG_INVALID', `${source}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, {
    remedy: FORMATS.fleet.remedy,
  })
}

/**
 * Reads a fleet file.
 *
 * @throws RefusedError `VERSION_UNSUPPORTED`
 * @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID`
 */
export async function readFleetFile(path: string): Promise<Fleet> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError('FILE_NOT_FOUND', `there is no fleet file at ${path}`, {
      remedy: 'start a local cloud with lander local up, or name a file with --fleet',
    })
  })
  const { ca, ...fleet } = parseFleet(parseJsonFile(text, path), path)
  return { ...fleet, ...(ca !== undefined && { ca: resolve(dirname(path), ca) }) }
}

/** Writes a fleet file atomically with mode 0600, because that of a local fleet has credentials. */
export async function writeFleetFile(path: string, fleet: Fleet): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(fleet, undefined, 2)}\n`)
}
