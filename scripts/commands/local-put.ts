import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { findBucketRegion } from '../../lib/fleet/bucket-region.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { formatDataUri, parseDataUri } from '../../lib/objects/data-uri.ts'
import { bytes, printResult } from '../terminal/output.ts'
import { LOCAL, readFleet } from './fleet-option.ts'

interface Upload {
  readonly path: string
  readonly key: string
  readonly size: number
}

/** `lander local put`: files into a bucket of the local cloud. On AWS, use AWS's own tools. */
export function localPutCommand(): Command {
  return new Command('put')
    .description('put a file, or a folder, into a bucket of the local cloud; the bucket is made if need be')
    .argument('<path>', 'a file or a folder')
    .argument('<uri>', 's3://bucket/key for a file, s3://bucket/prefix/ for a file of its own name or a folder')
    .option('--region <region>', 'where a new bucket is made (default: the first region)')
    .option('--json', 'print one JSON document')
    .action(async (path: string, uri: string, { region, json }: { region?: string; json?: boolean }) => {
      const { bucket, prefix } = parseDataUri(uri)
      const fleet = await readFleet(LOCAL)
      const first = servedRegion(region, fleet)
      using clients = createFleetClients(fleet)
      const client = await bucketRegion(clients.s3(first), bucket, first)
      const uploads = await planUploads(path, prefix)
      for (const { path: file, key, size } of uploads) {
        await clients
          .s3(client)
          .send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(file), ContentLength: size }))
      }
      const total = uploads.reduce((sum, { size }) => sum + size, 0)
      printResult(json, { bucket, region: client, objects: uploads.length, bytes: total }, () => {
        const what =
          uploads.length === 1 ? formatDataUri({ bucket, prefix: uploads[0]!.key }) : `${uploads.length} objects`
        return `${what}, ${bytes(total)}, in bucket ${bucket} of ${client}`
      })
    })
}

/** The region as named, or the first one. @throws UsageError `REGION_UNKNOWN` */
function servedRegion(named: string | undefined, { regions }: Fleet): string {
  const served = regions.map(({ region }) => region)
  if (named === undefined) return served[0]!
  if (served.includes(named)) return named
  throw new UsageError('REGION_UNKNOWN', `the local cloud does not serve region "${named}"`, {
    remedy: `use one of ${served.join(', ')}, or start it with lander local up --regions`,
  })
}

/** Where the bucket lies; it is made in `region` if there is none. */
async function bucketRegion(s3: S3Client, bucket: string, region: string): Promise<string> {
  try {
    return (await findBucketRegion(s3, bucket)) ?? region
  } catch (error) {
    if ((error as { code?: string }).code !== 'BUCKET_NOT_FOUND') throw error
    const elsewhere = region !== 'us-east-1' // S3 takes no location constraint for its first region.
    await s3.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere && { CreateBucketConfiguration: { LocationConstraint: region as never } }),
      }),
    )
    return region
  }
}

async function planUploads(path: string, prefix: string): Promise<Upload[]> {
  const found = await stat(path).catch(() => {
    throw new UsageError('FILE_NOT_FOUND', `there is nothing at ${path}`, { remedy: 'check the path' })
  })
  if (found.isFile()) {
    const key = prefix === '' || prefix.endsWith('/') ? `${prefix}${basename(path)}` : prefix
    return [{ path, key, size: found.size }]
  }
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    files.map(async (file) => ({
      path: file,
      key: `${folder}${relative(path, file).split(sep).join('/')}`,
      size: (await stat(file)).size,
    })),
  )
}
