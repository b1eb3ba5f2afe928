/** Data that is not there: an answer about it would look like one, and means a prefix that is wrong. */
import { UsageError } from '../errors.ts'
import type { FleetClients } from '../fleet/clients.ts'
import { formatDataUri } from '../objects/data-uri.ts'
import { createS3Store } from '../objects/s3.ts'
import { scopeStore } from '../objects/scoped.ts'
import type { Scope } from '../scope.ts'

/** An agent's data: its scopes, as far as they lie in the regions that it may go to. */
export interface GrantedData {
  readonly regions: readonly string[]
  readonly scopes: readonly Scope[]
}

/**
 * The error for data without a single object; `undefined` where there is an object, no scope, or no way to know, as for
 * credentials that may not list. It asks S3, so a caller asks only about data of which an agent opened nothing.
 */
export async function findNoObjects(
  { regions, scopes }: GrantedData,
  clients: FleetClients,
): Promise<UsageError | undefined> {
  const looked = await Promise.all(
    scopes.map(async (scope) => {
      try {
        const region = await clients.regionOf(scope.bucket, regions[0]!)
        return regions.includes(region) ? [{ scope, empty: await isEmpty(scope, region, clients) }] : []
      } catch {
        return [{ scope, empty: false }]
      }
    }),
  )
  const found = looked.flat()
  if (found.length === 0 || found.some(({ empty }) => !empty)) return undefined
  return noObjects(found.map(({ scope }) => scope))
}

async function isEmpty(scope: Scope, region: string, clients: FleetClients): Promise<boolean> {
  const store = scopeStore(createS3Store({ client: clients.s3(region) }), [scope])
  for await (const _ of store.list({ bucket: scope.bucket })) return false
  return true
}

/** `*`, `?` and `[` are characters of keys like any other, so a pattern is no error until nothing has its name. */
export function noObjects(scopes: readonly Scope[]): UsageError {
  const globbed = scopes.some(({ prefix }) => /[*?[]/.test(prefix))
  const hint = globbed
    ? 'name a prefix without *, ? and [: no pattern is expanded, and the agent chooses among the keys below the prefix'
    : 'check the prefix: whole segments count, so s3://b/logs is the key "logs" and all below "logs/"'
  return new UsageError('NO_OBJECTS', `there are no objects under ${scopes.map(formatDataUri).join(', ')}`, {
    remedy: `${hint}; if that is meant, pass --allow-empty (allowEmpty)`,
  })
}
