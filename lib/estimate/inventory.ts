/** The lists that S3 Inventory makes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html */
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

/** The objects of a bucket as they were when the inventory was made. */
export interface Inventory {
  /** The bucket the list is of. */
  readonly bucket: string
  /** When S3 began to make it. */
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

/** A manifest names its files; a million objects take about ten. */
const MAX_MANIFEST_BYTES = 16 * 2 ** 20

/**
 * Opens an inventory in CSV by its manifest.
 *
 * @param uri `s3://bucket/…/manifest.json`
 * @throws ObjectError `OBJECT_FORMAT_INVALID` for what is no manifest, or one of a list in ORC or Parquet
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
  if (object.size > MAX_MANIFEST_BYTES) throw noManifest(`s3://${bucket}/${key}`, `${object.size} bytes are too many`)
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
  if (fileFormat !== 'CSV') throw noManifest(uri, `its list is in ${fileFormat}, and only CSV is read`)
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

/** Rows are quoted throughout and keys URL-encoded, so no field holds a quote or a line end. */
async function* readRows(store: ObjectStore, bucket: string, key: string, at: Columns): AsyncGenerator<SurveyedObject> {
  const object = await store.stat({ bucket, key })
  const packed = Readable.from(store.read({ ...object, start: 0, end: object.size }))
  const text = key.endsWith('.gz') ? packed.pipe(createGunzip()) : packed
  // An error of the source does not pass through a pipe by itself.
  packed.on('error', (error) => text.destroy(error))
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    const fields = line.replace(/^"|"$/g, '').split('","')
    const gone = fields[at.isLatest] === 'false' || fields[at.isDeleteMarker] === 'true'
    if (line === '' || gone) continue
    const size = Number(fields[at.size])
    if (!Number.isSafeInteger(size) || size < 0) throw noManifest(`s3://${bucket}/${key}`, 'a row has no size')
    yield { bucket: fields[at.bucket]!, key: decodeURIComponent(fields[at.key]!.replaceAll('+', ' ')), size }
  }
}

function noManifest(uri: string, why: string, cause?: unknown): ObjectError {
  return new ObjectError('OBJECT_FORMAT_INVALID', `${uri} can't be used as an S3 Inventory: ${why}`, {
    remedy: 'name the manifest.json of an inventory in CSV with the column Size',
    cause,
  })
}
