import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Command } from 'commander'
import { UsageError } from '../../lib/errors.ts'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { findBucketRegion } from '../../lib/fleet/locate-bucket.ts'
import { formatDataUri, parseDataUri } from '../../lib/objects/data-uri.ts'
import { bytes, printResult } from '../terminal/output.ts'
import { LOCAL, readFleet } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'

interface Upload {
  readonly path: string
  readonly key: string
  readonly size: number
}

/** `lander local put`: uploads files to a bucket of the local cloud. On AWS, use AWS's own tools. */
export function localPutCommand(): Command {
  const command = new Command('put')
    .description('upload a file or a folder to a bucket of the local cloud; a missing bucket is created')
    .argument('<path>', 'a file or a folder')
    .argument(
      '<uri>',
      's3://bucket/key for a file; s3://bucket/prefix/ keeps the names of a file or of a folder’s files',
    )
    .option('--region <region>', 'the region of a new bucket (default: the first region)')
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['Every other S3 tool works too, with AWS_ENDPOINT_URL and the credentials that lander local up prints.'],
    examples: ['lander local put us.log s3://logs-us/2026/ --region us-east-1'],
    json: '{bucket, region, objects, bytes}',
  }).action(async (path: string, uri: string, { region: named, json }: { region?: string; json?: boolean }) => {
    const { bucket, prefix } = parseDataUri(uri)
    const fleet = await readFleet(LOCAL)
    const regionForNew = servedRegion(named, fleet)
    using clients = createFleetClients(fleet)
    const region = await ensureBucket(clients.s3(regionForNew), bucket, regionForNew)
    const uploads = await planUploads(path, prefix)
    for (const { path: file, key, size } of uploads) {
      const body = createReadStream(file)
      const upload = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: size })
      await clients.s3(region).send(upload)
    }
    const total = uploads.reduce((sum, { size }) => sum + size, 0)
    printResult(json, { bucket, region, objects: uploads.length, bytes: total }, () => {
      const what =
        uploads.length === 1 ? formatDataUri({ bucket, prefix: uploads[0]!.key }) : `${uploads.length} objects`
      return `${what}, ${bytes(total)}, in bucket ${bucket} of ${region}`
    })
  })
}

/** The region that `--region` names, or the first one. @throws UsageError `REGION_UNKNOWN` */
function servedRegion(named: string | undefined, { regions }: Fleet): string {
  const served = regions.map(({ region }) => region)
  if (named === undefined) return served[0]!
  if (served.includes(named)) return named
  throw new UsageError('REGION_UNKNOWN', `the local cloud does not serve region "${named}"`, {
    remedy: `use one of ${served.join(', ')}, or start it with lander local up --regions`,
  })
}

/** Creates the bucket in `region` if it does not exist. @returns the region of the bucket */
async function ensureBucket(s3: S3Client, bucket: string, region: string): Promise<string> {
  try {
    return (await findBucketRegion(s3, bucket)) ?? region
  } catch (error) {
    if ((error as { code?: string }).code !== 'BUCKET_NOT_FOUND') throw error
    const elsewhere = region !== 'us-east-1' // S3 refuses a location constraint for us-east-1.
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
