import { ObjectError } from '../errors.ts'
import { inScope, type Scope } from '../scope.ts'
import { formatDataUri } from './data-uri.ts'
import { hasCode } from './object-errors.ts'
import { compareKeys } from './object-keys.ts'
import type { ListQuery, ObjectRef, ObjectStat, ObjectStore } from './store.ts'

/** One step of a listing: a single key, or all keys with a prefix. */
export type ListStep = { readonly key: string } | { readonly prefix: string }

/**
 * Restricts a store to `scopes`. Requests for other objects are refused without asking the store, so the refusal does not
 * reveal what exists. A listing yields the keys that are in both its prefix and the scopes. If the two have nothing in
 * common, the listing is refused, because an empty result would look like "no data".
 *
 * @example
 * const scoped = scopeStore(store, [parseDataUri('s3://logs/2026/')])
 * await scoped.stat({ bucket: 'logs', key: '2025/a.txt' }) // throws OBJECT_OUT_OF_SCOPE
 */
export function scopeStore(store: ObjectStore, scopes: readonly Scope[]): ObjectStore {
  const granted = scopes.map((scope) => ({ ...scope }))
  return {
    async stat(ref, signal) {
      checkScope(granted, ref)
      return store.stat(ref, signal)
    },
    list: (query) => listScoped(store, granted, query),
    async *read(request) {
      checkScope(granted, request)
      yield* store.read(request)
    },
  }
}

/**
 * The keys that start with `prefix` and are in `scopes`, as the fewest steps. The steps are disjoint, and running them in
 * turn yields keys in order. A scope without a slash at its end needs two steps, because `logs-old/…`, which is not
 * granted, is sorted between the key `logs` and the keys below `logs/`.
 *
 * @example
 * planListing([{ bucket: 'b', prefix: 'logs', actions: ['read'] }], 'b', '') // [{ key: 'logs' }, { prefix: 'logs/' }]
 */
export function planListing(scopes: readonly Scope[], bucket: string, prefix: string): ListStep[] {
  const steps = scopes
    .filter((scope) => scope.bucket === bucket)
    .flatMap((scope) => stepsOf(scope.prefix))
    .flatMap((step) => narrowStep(step, prefix))
    .sort(compareSteps)
  const fewest: ListStep[] = []
  for (const step of steps) if (!covers(fewest.at(-1), step)) fewest.push(step)
  return fewest
}

function stepsOf(prefix: string): ListStep[] {
  return prefix === '' || prefix.endsWith('/') ? [{ prefix }] : [{ key: prefix }, { prefix: `${prefix}/` }]
}

function narrowStep(step: ListStep, prefix: string): ListStep[] {
  if (nameOf(step).startsWith(prefix)) return [step]
  return 'prefix' in step && prefix.startsWith(step.prefix) ? [{ prefix }] : []
}

function nameOf(step: ListStep): string {
  return 'key' in step ? step.key : step.prefix
}

/** Sorts a prefix directly before the steps that it covers, so that comparing neighbours finds all superfluous steps. */
function compareSteps(a: ListStep, b: ListStep): number {
  return compareKeys(nameOf(a), nameOf(b)) || Number('key' in a) - Number('key' in b)
}

function covers(outer: ListStep | undefined, inner: ListStep): boolean {
  if (!outer) return false
  return 'prefix' in outer ? nameOf(inner).startsWith(outer.prefix) : 'key' in inner && inner.key === outer.key
}

async function* listScoped(store: ObjectStore, scopes: readonly Scope[], query: ListQuery): AsyncGenerator<ObjectStat> {
  const { bucket, prefix = '' } = query
  const steps = planListing(scopes, bucket, prefix)
  if (steps.length === 0) throw outOfScope(scopes, bucket, prefix, `prefix "${prefix}"`)
  for (const step of steps) {
    if ('prefix' in step) yield* store.list({ ...query, prefix: step.prefix })
    else yield* statIfPresent(store, { bucket, key: step.key }, query.signal)
  }
}

async function* statIfPresent(store: ObjectStore, ref: ObjectRef, signal?: AbortSignal): AsyncGenerator<ObjectStat> {
  try {
    yield await store.stat(ref, signal)
  } catch (error) {
    if (!hasCode(error, 'OBJECT_NOT_FOUND')) throw error
  }
}

function checkScope(scopes: readonly Scope[], { bucket, key }: ObjectRef): void {
  if (!inScope(scopes, bucket, key)) throw outOfScope(scopes, bucket, key, `object "${key}"`)
}

function outOfScope(scopes: readonly Scope[], bucket: string, name: string, what: string): ObjectError {
  const prefixes = scopes.filter((scope) => scope.bucket === bucket).map(({ prefix }) => `"${prefix}"`)
  const granted =
    prefixes.length > 0 ? `the granted prefixes ${prefixes.join(', ')}` : 'the granted scopes, none of which is'
  return new ObjectError('OBJECT_OUT_OF_SCOPE', `${what} is outside ${granted} of bucket "${bucket}"`, {
    remedy: `add it to the agent's data with --data ${formatDataUri({ bucket, prefix: name })}`,
  })
}
