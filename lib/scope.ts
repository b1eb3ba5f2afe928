/** What a manifest, an order or a key's policy grants: read access to the keys of one bucket below one prefix. */
export interface Scope {
  readonly bucket: string
  /** `''` is the whole bucket, `'logs/2026/'` everything below, `'logs/a.csv'` that key alone: whole segments only. */
  readonly prefix: string
  readonly actions: readonly ['read']
}

/** Whether `prefix` holds `key`, segment by segment: `'logs'` holds `logs` and `logs/a`, never `logs-old/a`. */
export function prefixHolds(prefix: string, key: string): boolean {
  if (!key.startsWith(prefix)) return false
  return prefix === '' || prefix.endsWith('/') || key.length === prefix.length || key[prefix.length] === '/'
}

/** Whether one of `scopes` holds the object. */
export function inScope(scopes: readonly Scope[], bucket: string, key: string): boolean {
  return scopes.some((scope) => scope.bucket === bucket && prefixHolds(scope.prefix, key))
}

/** Whether every one of `inner` lies inside one of `outer`. */
export function scopesWithin(inner: readonly Scope[], outer: readonly Scope[]): boolean {
  return inner.every((scope) => inScope(outer, scope.bucket, scope.prefix))
}
