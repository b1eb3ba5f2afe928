import * as v from 'valibot'
import { AWS_REGIONS } from './aws-regions.ts'

/**
 * The schema of `lander.config.json`. The message of a field is its remedy, as an imperative clause.
 * `docs/lander.config.schema.json` is generated from this schema, so editors and the deployment check the same rules.
 */

const region = v.message(
  v.picklist(AWS_REGIONS),
  'use an AWS region, such as "eu-west-1" (lib/config/aws-regions.ts lists them)',
)

const fleet = v.message(
  v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/),
    v.description('The name of the fleet. The names of its stacks, functions and secret contain it.'),
  ),
  'use 2 to 32 lowercase letters, digits and hyphens that start with a letter, such as "sales-eu"',
)

const rootKey = v.message(
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]{43}$/),
    v.description(
      'The Ed25519 public key that verifies the key policy: 32 bytes in base64url. Without it, no agent is admitted.',
    ),
  ),
  'use the publicKey that "lander keygen" prints: 43 characters of base64url',
)

// IAM interprets *, ? and $ in a resource as patterns, so a prefix with them would grant other keys.
const prefix = v.message(
  v.pipe(v.string(), v.maxLength(512), v.regex(/^[^*?$]*$/)),
  'use at most 512 characters without "*", "?" and "$"; "" grants the whole bucket',
)

const bucket = v.message(
  v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    v.description('The name of the bucket, not its ARN.'),
  ),
  'use the bucket\'s bare name, without "s3://": 3 to 63 lowercase letters, digits, dots and hyphens',
)

const DataBucketSchema = v.strictObject(
  {
    bucket,
    region: v.pipe(region, v.description('The region of the bucket. It must be one of the regions of the fleet.')),
    prefixes: v.optional(
      v.pipe(
        v.message(v.pipe(v.array(prefix), v.minLength(1)), 'list one prefix or more; [""] grants the whole bucket'),
        v.description('The function can read only the keys below these prefixes.'),
      ),
      [''],
    ),
    confidential: v.optional(
      v.pipe(
        v.message(v.boolean(), 'use true or false'),
        v.description('Whether the data is confidential. If so, the default network of the fleet is "isolated".'),
      ),
      false,
    ),
  },
  'give each entry a "bucket" and a "region", and optionally "prefixes" and "confidential"',
)

const wholeNumber = (min: number, max: number, unit: string, description: string) =>
  v.pipe(
    v.message(
      v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
      `use a whole number of ${unit} from ${min} to ${max}`,
    ),
    v.description(description),
  )

// These are Lambda's own limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LimitsSchema = v.strictObject(
  {
    memoryMb: v.optional(
      wholeNumber(512, 10_240, 'MB', 'The memory of the function. 1,769 MB come with one vCPU.'),
      1769,
    ),
    timeoutSeconds: v.optional(wholeNumber(1, 900, 'seconds', 'The longest run of the function.'), 300),
    concurrency: v.optional(
      v.pipe(
        v.message(
          v.union([v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), v.literal('unreserved')]),
          'use a whole number from 1 to 10000, or "unreserved" to share the account\'s',
        ),
        v.description('How many runs a region can have at the same time. This concurrency is reserved for the fleet.'),
      ),
      20,
    ),
    ephemeralMb: v.optional(wholeNumber(512, 10_240, 'MB', 'The size of /tmp. 512 MB are free of charge.'), 512),
    returnedBytesPerDay: v.optional(
      wholeNumber(
        1,
        Number.MAX_SAFE_INTEGER,
        'bytes',
        'Bytes of results that a region may return in a day before its alarm fires.',
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
  v.description('Tags on all resources of the fleet.'),
)

// The values that CloudWatch Logs accepts: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const

export const ConfigSchema = v.pipe(
  v.strictObject(
    {
      $schema: v.optional(v.message(v.string(), 'use the path of docs/lander.config.schema.json, or leave it out')),
      fleet,
      regions: v.pipe(
        v.message(v.pipe(v.array(region), v.minLength(1)), 'list at least one region to deploy to'),
        v.description(
          "The regions to deploy to, one stack for each. The first stack also holds the fleet's secret and its dashboard.",
        ),
      ),
      rootKey: v.optional(rootKey),
      data: v.optional(v.message(v.array(DataBucketSchema), 'list objects with "bucket" and "region"'), []),
      network: v.optional(
        v.pipe(
          v.message(v.picklist(['open', 'isolated']), 'use "open" or "isolated"'),
          v.description('The network of the functions. In an "isolated" one they reach only their own buckets.'),
        ),
      ),
      perRunCredentials: v.optional(
        v.pipe(
          v.message(v.boolean(), 'use true or false'),
          v.description('Whether each run reads with its own credentials, which allow only the scopes of the run.'),
        ),
        false,
      ),
      limits: v.optional(LimitsSchema, {}),
      logRetentionDays: v.optional(
        v.pipe(
          v.message(v.picklist(RETENTION_DAYS), `use one of ${RETENTION_DAYS.join(', ')}`),
          v.description("How many days the functions' logs are kept."),
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

/** Whether functions reach only the fleet's own buckets: because the file says so, or because data is confidential. */
export function isIsolated({ network, data }: Pick<ParsedConfig, 'network' | 'data'>): boolean {
  return network === 'isolated' || (network === undefined && data.some(({ confidential }) => confidential))
}

interface Conflict {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Checks rules about several fields: duplicates, data in a region without a function, options that exclude each other. */
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

/** Converts a path of keys to valibot's form of it. */
function pathTo(root: object, keys: readonly (string | number)[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  let input: unknown = root
  const items = keys.map((key) => {
    const parent = input as Record<string | number, unknown>
    input = parent[key]
    return { type: 'unknown', origin: 'value', input: parent, key, value: input } as const
  })
  return items as unknown as [v.IssuePathItem, ...v.IssuePathItem[]]
}
