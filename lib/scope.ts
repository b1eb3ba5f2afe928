/** Read access to the keys of one bucket below one prefix, as a manifest, an order or a key policy grants it. */
export interface Scope {
  readonly bucket: string
  /**
   * `''` is the whole bucket, `'logs/2026/'` every key below it, and `'logs/a.csv'` that key and every key below
   * `'logs/a.csv/'`. Only whole segments match.
   */
  readonly prefix: string
  readonly actions: readonly ['read']
}

/** Whether `key` is below `prefix`, compared by whole segments: `'logs'` holds `logs` and `logs/a`, not `logs-old/a`. */
export function prefixHolds(prefix: string, key: string): boolean {
  if (!key.startsWith(prefix)) return false
  return prefix === '' || prefix.endsWith('/') || key.length === prefix.length || key[prefix.length] === '/'
}

/** Whether one of `scopes` contains the object. */
export function inScope(scopes: readonly Scope[], bucket: string, key: string): boolean {
  return scopes.some((scope) => scope.bucket === bucket && prefixHolds(scope.prefix, key))
}

/** Whether each of the `inner` scopes is inside one of the `outer` scopes. */
export function scopesWithin(inner: readonly Scope[], outer: readonly Scope[]): boolean {
  return inner.every((scope) => inScope(outer, scope.bucket, scope.prefix))
}
