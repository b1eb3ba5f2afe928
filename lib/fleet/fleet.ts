import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../errors.ts'
import { writeFileAtomically } from '../files/write-file-atomically.ts'

const REGION = v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region code such as eu-west-1'))

const FleetSchema = v.strictObject({
  lander: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  /** Public key that signs the fleet's key policy, base64url. */
  rootKey: v.pipe(v.string(), v.length(43)),
  /** Public keys that sign the fleet's receipts, by epoch of its secret. The old ones stay, for old receipts. */
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
        /** The function that carries detached missions. */
        relayName: v.optional(v.string()),
      }),
    ),
    v.minLength(1),
  ),
  /** Where S3 and Lambda answer, when that is not AWS. */
  endpoint: v.optional(v.pipe(v.string(), v.url())),
  /** File of the certificate (PEM) that must have signed the endpoint's, relative to this file: that of a local cloud. */
  ca: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** Where its user is, and what the line there carries: what quotes of transfers rest on. */
  client: v.optional(v.strictObject({ region: REGION, bitsPerSecond: v.pipe(v.number(), v.finite(), v.minValue(1)) })),
  /** For a local cloud only: AWS credentials come from the usual places. */
  credentials: v.optional(v.strictObject({ accessKeyId: v.string(), secretAccessKey: v.string() })),
})

/** The regions that are deployed, and how to reach them. */
export interface Fleet extends v.InferOutput<typeof FleetSchema> {}
/** One deployed region: its function and its agent bucket. */
export type FleetRegion = Fleet['regions'][number]

/** Reads a fleet from unknown JSON. @throws UsageError `CONFIG_INVALID` */
export function parseFleet(json: unknown, source = 'the fleet'): Fleet {
  const parsed = v.safeParse(FleetSchema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw new UsageError('CONFIG_INVALID', `${source}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, {
    remedy: 'write the file anew with lander fleet import, or lander local up',
  })
}

/** Reads a fleet file. @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID` */
export async function readFleetFile(path: string): Promise<Fleet> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError('FILE_NOT_FOUND', `there is no fleet file at ${path}`, {
      remedy: 'start a local fleet with lander local up, or name a file with --fleet',
    })
  })
  const { ca, ...fleet } = parseFleet(parseJson(text, path), path)
  return { ...fleet, ...(ca !== undefined && { ca: resolve(dirname(path), ca) }) }
}

/** Writes a fleet file, whole and for its owner alone: that of a local fleet holds credentials. */
export async function writeFleetFile(path: string, fleet: Fleet): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(fleet, undefined, 2)}\n`)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('CONFIG_INVALID', `${path} is not JSON`, { remedy: 'write the file anew' })
  }
}
