/** Reads the lists that S3 Inventory makes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import * as v from 'valibot'
import { ObjectError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { regionsOf } from '../fleet/data-regions.ts'
import type { Fleet } from '../fleet/fleet-file.ts'
import { parseDataUri } from '../objects/data-uri.ts'
import { createS3Store } from '../objects/s3.ts'
import type { ObjectStore } from '../objects/store.ts'
import type { SurveyedObject } from './surveyed-object.ts'

/** The objects of a bucket at the time of the inventory. */
export interface Inventory {
  /** The bucket that the inventory lists. */
  readonly bucket: string
  /** When S3 started to make the list. */
  readonly madeAt: Date
  objects(): AsyncIterable<SurveyedObject>
}

const ManifestSchema = v.object({
  sourceBucket: v.string(),
  destinationBucket: v.pipe(v.string(), v.startsWith('arn:')),
  creationTimestamp: v.pipe(v.string(), v.regex(/^\d+$/)),
  fileFormat: v.string(),
  fileSchema: v.string(),
  files: v.array(v.object({ key: v.string(), size: v.number() })),
})

type Manifest = v.InferOutput<typeof ManifestSchema>

/** The manifest lists the files of the inventory: about ten for a million objects. */
const MAX_MANIFEST_BYTES = 16 * 2 ** 20

/**
 * Opens an inventory in CSV.
 *
 * @param uri the inventory's manifest: `s3://bucket/…/manifest.json`
 * @throws ObjectError `OBJECT_FORMAT_INVALID` if the object is not a manifest, or if the list is in ORC or Parquet
 */
export async function openInventory(uri: string, fleet: Fleet, clients: FleetClients): Promise<Inventory> {
  const { bucket, prefix: key } = parseDataUri(uri)
  const manifest = parseManifest(await readText(await storeOf(bucket, fleet, clients), bucket, key), uri)
  const columns = columnsOf(manifest, uri)
  const files = manifest.destinationBucket.split(':').at(-1)!
  return {
    bucket: manifest.sourceBucket,
    madeAt: new Date(Number(manifest.creationTimestamp)),
    async *objects() {
      const store = await storeOf(files, fleet, clients)
      for (const file of manifest.files) yield* readRows(store, files, file.key, columns)
    },
  }
}

async function storeOf(bucket: string, fleet: Fleet, clients: FleetClients): Promise<ObjectStore> {
  const [region] = await regionsOf([{ bucket, prefix: '', actions: ['read'] }], fleet, clients)
  return createS3Store({ client: clients.s3(region!) })
}

async function readText(store: ObjectStore, bucket: string, key: string): Promise<string> {
  const object = await store.stat({ bucket, key })
  if (object.size > MAX_MANIFEST_BYTES)
    throw noManifest(`s3://${bucket}/${key}`, `it has ${object.size} bytes; the limit is ${MAX_MANIFEST_BYTES}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read({ ...object, start: 0, end: object.size })) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function parseManifest(text: string, uri: string): Manifest {
  try {
    return v.parse(ManifestSchema, JSON.parse(text), { abortEarly: true })
  } catch (cause) {
    throw noManifest(uri, (cause as Error).message, cause)
  }
}

interface Columns {
  readonly bucket: number
  readonly key: number
  readonly size: number
  readonly isLatest: number
  readonly isDeleteMarker: number
}

function columnsOf({ fileFormat, fileSchema }: Manifest, uri: string): Columns {
  if (fileFormat !== 'CSV') throw noManifest(uri, `its list is in ${fileFormat}; only CSV is supported`)
  const names = fileSchema.split(',').map((name) => name.trim())
  const at = (name: string) => names.indexOf(name)
  const columns = {
    bucket: at('Bucket'),
    key: at('Key'),
    size: at('Size'),
    isLatest: at('IsLatest'),
    isDeleteMarker: at('IsDeleteMarker'),
  }
  if (Math.min(columns.bucket, columns.key, columns.size) >= 0) return columns
  throw noManifest(uri, `its list has no column Bucket, Key or Size, only ${names.join(', ')}`)
}

/** Reads the rows of one file. All fields are quoted and keys are URL-encoded, so no field has a quote or a line end. */
async function* readRows(store: ObjectStore, bucket: string, key: string, at: Columns): AsyncGenerator<SurveyedObject> {
  const object = await store.stat({ bucket, key })
  const stored = Readable.from(store.read({ ...object, start: 0, end: object.size }))
  const text = key.endsWith('.gz') ? stored.pipe(createGunzip()) : stored
  // pipe() does not forward errors of the source.
  stored.on('error', (error) => text.destroy(error))
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    const fields = line.replace(/^"|"$/g, '').split('","')
    const outdated = fields[at.isLatest] === 'false' || fields[at.isDeleteMarker] === 'true'
    if (line === '' || outdated) continue
    const size = Number(fields[at.size])
    if (!Number.isSafeInteger(size) || size < 0) throw noManifest(`s3://${bucket}/${key}`, 'a row has no size')
    yield { bucket: fields[at.bucket]!, key: decodeURIComponent(fields[at.key]!.replaceAll('+', ' ')), size }
  }
}

function noManifest(uri: string, why: string, cause?: unknown): ObjectError {
  return new ObjectError('OBJECT_FORMAT_INVALID', `${uri} can't be used as an S3 Inventory: ${why}`, {
    remedy: 'name the manifest.json of an inventory in CSV that has the column Size',
    cause,
  })
}
