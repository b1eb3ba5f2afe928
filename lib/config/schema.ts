import * as v from 'valibot'
import { AWS_REGIONS } from './regions.ts'

/**
 * The shape of `lander.config.json`. The message of a field is its remedy: what to write instead, as a clause.
 * `docs/lander.config.schema.json` is generated from here, so the editor and the deployment agree.
 */

const region = v.message(
  v.picklist(AWS_REGIONS),
  'name a region of AWS, such as "eu-west-1" (lib/config/regions.ts lists them)',
)

const fleet = v.message(
  v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/),
    v.description('Name of the fleet: part of the names of its stacks, functions and secret.'),
  ),
  'use 2 to 32 lowercase letters, digits and hyphens that start with a letter, such as "sales-eu"',
)

const rootKey = v.message(
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]{43}$/),
    v.description('Ed25519 public key that signs the key policy: 32 bytes, base64url. Without it nobody is let in.'),
  ),
  'use the publicKey that "lander keygen" prints: 43 characters of base64url',
)

// IAM reads *, ? and $ in a resource as patterns, so a key prefix with them would grant something else.
const prefix = v.message(
  v.pipe(v.string(), v.maxLength(512), v.regex(/^[^*?$]*$/)),
  'use at most 512 characters without "*", "?" and "$"; "" grants the whole bucket',
)

const bucket = v.message(
  v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/), v.description('Name of the bucket, not its ARN.')),
  'use the bucket\'s bare name, without "s3://": 3 to 63 lowercase letters, digits, dots and hyphens',
)

const DataBucketSchema = v.strictObject(
  {
    bucket,
    region: v.pipe(region, v.description('Where the bucket lies; one of the regions of the fleet.')),
    prefixes: v.optional(
      v.pipe(
        v.message(v.pipe(v.array(prefix), v.minLength(1)), 'list one prefix or more; [""] grants the whole bucket'),
        v.description('The function can read the keys below these and no others.'),
      ),
      [''],
    ),
    confidential: v.optional(
      v.pipe(
        v.message(v.boolean(), 'use true or false'),
        v.description('Makes "isolated" the default network of the fleet.'),
      ),
      false,
    ),
  },
  'give each entry a "bucket" and a "region", and nothing but "prefixes" and "confidential" besides',
)

const wholeNumber = (min: number, max: number, unit: string, description: string) =>
  v.pipe(
    v.message(
      v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
      `use a whole number of ${unit} from ${min} to ${max}`,
    ),
    v.description(description),
  )

// The bounds are Lambda's own: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LimitsSchema = v.strictObject(
  {
    memoryMb: v.optional(wholeNumber(512, 10_240, 'MB', 'Memory of the function; 1,769 MB come with one vCPU.'), 1769),
    timeoutSeconds: v.optional(wholeNumber(1, 900, 'seconds', 'Longest run.'), 300),
    concurrency: v.optional(
      v.pipe(
        v.message(
          v.union([v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), v.literal('unreserved')]),
          'use a whole number from 1 to 10000, or "unreserved" to share the account\'s',
        ),
        v.description('Runs at one time in a region: a ceiling, and reserved for the fleet.'),
      ),
      20,
    ),
    ephemeralMb: v.optional(wholeNumber(512, 10_240, 'MB', 'Size of /tmp; 512 MB cost nothing.'), 512),
    returnedBytesPerDay: v.optional(
      wholeNumber(
        1,
        Number.MAX_SAFE_INTEGER,
        'bytes',
        'Bytes of results a region may send home in a day before its budget alarm rings.',
      ),
      2 ** 30,
    ),
  },
  'use only memoryMb, timeoutSeconds, concurrency, ephemeralMb and returnedBytesPerDay',
)

const tags = v.pipe(
  v.message(
    v.pipe(
      v.record(
        v.pipe(v.string(), v.regex(/^(?!aws:)[\w .:/=+@-]{1,128}$/)),
        v.pipe(v.string(), v.regex(/^[\w .:/=+@-]{0,256}$/)),
      ),
      v.maxEntries(40),
    ),
    'use at most 40 tags of letters, digits, spaces and _.:/=+-@; a name does not start with "aws:"',
  ),
  v.description('Tags on everything the fleet deploys.'),
)

// The values CloudWatch Logs knows: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const

export const ConfigSchema = v.pipe(
  v.strictObject(
    {
      $schema: v.optional(v.message(v.string(), 'use the path of docs/lander.config.schema.json, or leave it out')),
      fleet,
      regions: v.pipe(
        v.message(v.pipe(v.array(region), v.minLength(1)), 'list the regions to deploy to, one at least'),
        v.description("One stack each. The first also holds the fleet's secret and its dashboard."),
      ),
      rootKey: v.optional(rootKey),
      data: v.optional(v.message(v.array(DataBucketSchema), 'list objects with "bucket" and "region"'), []),
      network: v.optional(
        v.pipe(
          v.message(v.picklist(['open', 'isolated']), 'use "open" or "isolated"'),
          v.description('"isolated" runs the function where nothing but its own buckets can be reached.'),
        ),
      ),
      perRunCredentials: v.optional(
        v.pipe(
          v.message(v.boolean(), 'use true or false'),
          v.description('Each run reads with credentials narrowed to its manifest, of a role made for it.'),
        ),
        false,
      ),
      limits: v.optional(LimitsSchema, {}),
      logRetentionDays: v.optional(
        v.pipe(
          v.message(v.picklist(RETENTION_DAYS), `use one of ${RETENTION_DAYS.join(', ')}`),
          v.description("Days the function's log is kept."),
        ),
        30,
      ),
      tags: v.optional(tags, {}),
    },
    'use only fleet, regions, rootKey, data, network, perRunCredentials, limits, logRetentionDays and tags; fleet and regions are needed',
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    for (const { message, path } of findConflicts(dataset.value)) {
      const items = pathTo(dataset.value, path)
      addIssue({ message, path: items, input: items.at(-1)!.value })
    }
  }),
)

export type ConfigFile = v.InferInput<typeof ConfigSchema>
export type ParsedConfig = v.InferOutput<typeof ConfigSchema>

/** Whether nothing but the fleet's own buckets can be reached: as the file says, or because its data is confidential. */
export function isIsolated({ network, data }: Pick<ParsedConfig, 'network' | 'data'>): boolean {
  return network === 'isolated' || (network === undefined && data.some(({ confidential }) => confidential))
}

interface Conflict {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What no field can see alone: doubles, data where the fleet has no function, parts that exclude each other. */
function findConflicts(config: ParsedConfig): Conflict[] {
  const { regions, data, perRunCredentials } = config
  const conflicts: Conflict[] = []
  regions.forEach((name, i) => {
    if (regions.indexOf(name) < i) conflicts.push({ path: ['regions', i], message: 'name each region once' })
  })
  data.forEach((entry, i) => {
    const first = data.findIndex(({ bucket }) => bucket === entry.bucket)
    if (first < i) {
      const message = `name each bucket once: data[${first}] has it, add the prefixes there`
      conflicts.push({ path: ['data', i, 'bucket'], message })
    }
    if (!regions.includes(entry.region)) {
      const message = 'add it to "regions": a bucket is read by the function of its own region'
      conflicts.push({ path: ['data', i, 'region'], message })
    }
  })
  if (perRunCredentials && isIsolated(config)) {
    const message = 'leave it out, or set network to "open": an isolated function can\'t reach STS'
    conflicts.push({ path: ['perRunCredentials'], message })
  }
  return conflicts
}

/** A path as valibot says it, from the keys of one. */
function pathTo(root: object, keys: readonly (string | number)[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  let input: unknown = root
  const items = keys.map((key) => {
    const parent = input as Record<string | number, unknown>
    input = parent[key]
    return { type: 'unknown', origin: 'value', input: parent, key, value: input } as const
  })
  return items as unknown as [v.IssuePathItem, ...v.IssuePathItem[]]
}
