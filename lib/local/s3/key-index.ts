import { compareKeys } from '../../objects/object-keys.ts'

/**
 * Values by key, in ascending order of the keys' UTF-8 bytes. Looking up is a hash, inserting shifts an array: at
 * 100,000 keys that costs some microseconds, far below the file that a put writes.
 */
export class KeyIndex<Value> {
  readonly #values = new Map<string, Value>()
  #keys: string[] = []

  /** @param entries In any order; of two with the same key the later one stays. */
  constructor(entries: Iterable<readonly [string, Value]> = []) {
    for (const [key, value] of entries) this.#values.set(key, value)
    this.#keys = [...this.#values.keys()].sort(compareKeys)
  }

  get size(): number {
    return this.#keys.length
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  /** @returns The value that was there before. */
  set(key: string, value: Value): Value | undefined {
    const before = this.#values.get(key)
    if (before === undefined) this.#keys.splice(this.seek(key), 0, key)
    this.#values.set(key, value)
    return before
  }

  /** @returns The value that was there before. */
  delete(key: string): Value | undefined {
    const before = this.#values.get(key)
    if (before === undefined) return undefined
    this.#keys.splice(this.seek(key), 1)
    this.#values.delete(key)
    return before
  }

  values(): IterableIterator<Value> {
    return this.#values.values()
  }

  /** The key at a position, or `undefined` past the last. */
  keyAt(position: number): string | undefined {
    return this.#keys[position]
  }

  /** The position of the first key that is not before `key`. */
  seek(key: string): number {
    return this.#firstPosition((candidate) => compareKeys(candidate, key) >= 0)
  }

  /** The position of the first key after every key that starts with `prefix`. */
  seekPast(prefix: string): number {
    return this.#firstPosition((candidate) => compareKeys(candidate, prefix) > 0 && !candidate.startsWith(prefix))
  }

  /** Binary search for the first key where `isBeyond` holds; it must hold for all keys after that. */
  #firstPosition(isBeyond: (key: string) => boolean): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBeyond(this.#keys[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
