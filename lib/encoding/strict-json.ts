import { fromUtf8 } from './bytes.ts'

export interface StrictJsonOptions {
  /** The maximum length of the source: bytes of a Uint8Array, characters of a string. @default 16384 */
  readonly maxLength?: number
  /** The maximum depth of nested arrays and objects. @default 16 */
  readonly maxDepth?: number
  /**
   * `safe` refuses every integer beyond 2^53, `exact` only digits that a number would round: 2^60 and 1e300 are taken.
   * @default 'safe'
   */
  readonly integers?: 'safe' | 'exact'
}

/** A name appears twice in one object. The message does not have it, since the text may be a stranger's. */
export class DuplicateNameError extends SyntaxError {
  readonly duplicate: string
  constructor(duplicate: string) {
    super('a name appears twice in the JSON')
    this.duplicate = duplicate
  }
}

/** An integer would be rounded. The message does not have it, since the text may be a stranger's. */
export class InexactIntegerError extends SyntaxError {
  readonly integer: string
  constructor(integer: string) {
    super('an integer is not safe')
    this.integer = integer
  }
}

/**
 * Parses JSON that can be read in one way only, for documents that are signed. It refuses duplicate names, of which
 * `JSON.parse` keeps the last and other parsers the first, and integers beyond 2^53, which would be rounded. A member
 * named `__proto__` is an ordinary member.
 *
 * @throws SyntaxError for any other source; the message names the rule and has none of the text
 */
export function parseStrictJson(source: Uint8Array | string, options: StrictJsonOptions = {}): unknown {
  const { maxLength = 16 * 1024, maxDepth = 16, integers = 'safe' } = options
  if (source.length > maxLength) throw new SyntaxError(`the JSON is longer than ${maxLength}`)
  const reader = new Reader(typeof source === 'string' ? source : decode(source), maxDepth, integers)
  return reader.document()
}

function decode(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new SyntaxError('the JSON is not UTF-8')
  }
}

// The tokens of RFC 8259. STRING only finds the end of a string; JSON.parse then checks and decodes its escapes.
const SPACE = /[ \t\n\r]*/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERAL = /true|false|null/y

class Reader {
  readonly #text: string
  readonly #maxDepth: number
  readonly #integers: 'safe' | 'exact'
  #at = 0

  constructor(text: string, maxDepth: number, integers: 'safe' | 'exact') {
    this.#text = text
    this.#maxDepth = maxDepth
    this.#integers = integers
  }

  document(): unknown {
    const value = this.#value(0)
    if (this.#at < this.#text.length) throw new SyntaxError('text follows the JSON')
    return value
  }

  #value(depth: number): unknown {
    this.#take(SPACE)
    const value = this.#takes('{')
      ? this.#object(depth + 1)
      : this.#takes('[')
        ? this.#array(depth + 1)
        : this.#scalar()
    this.#take(SPACE)
    return value
  }

  #object(depth: number): unknown {
    this.#allow(depth)
    const members = new Map<string, unknown>()
    this.#take(SPACE)
    if (this.#takes('}')) return {}
    do {
      this.#take(SPACE)
      const name = this.#string()
      if (members.has(name)) throw new DuplicateNameError(name)
      this.#take(SPACE)
      this.#require(':')
      members.set(name, this.#value(depth))
    } while (this.#takes(','))
    this.#require('}')
    return Object.fromEntries(members)
  }

  #array(depth: number): unknown[] {
    this.#allow(depth)
    const items: unknown[] = []
    this.#take(SPACE)
    if (this.#takes(']')) return items
    do items.push(this.#value(depth))
    while (this.#takes(','))
    this.#require(']')
    return items
  }

  #allow(depth: number): void {
    if (depth > this.#maxDepth) throw new SyntaxError(`the JSON nests deeper than ${this.#maxDepth}`)
  }

  #scalar(): unknown {
    if (this.#text[this.#at] === '"') return this.#string()
    const literal = this.#take(LITERAL)
    if (literal !== undefined) return JSON.parse(literal)
    const token = this.#take(NUMBER) ?? 'NaN'
    const number = Number(token)
    if (!Number.isFinite(number)) throw new SyntaxError('not JSON')
    if (this.#isRounded(token, number)) throw new InexactIntegerError(token)
    return number
  }

  #isRounded(token: string, number: number): boolean {
    if (!Number.isInteger(number) || Number.isSafeInteger(number)) return false
    return this.#integers === 'safe' || (/^-?\d+$/.test(token) && BigInt(token) !== BigInt(number))
  }

  #string(): string {
    const token = this.#take(STRING)
    if (token === undefined) throw new SyntaxError('not JSON')
    try {
      return JSON.parse(token) as string
    } catch {
      throw new SyntaxError('a string of the JSON is malformed')
    }
  }

  #take(token: RegExp): string | undefined {
    token.lastIndex = this.#at
    const found = token.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  #takes(mark: string): boolean {
    const found = this.#text[this.#at] === mark
    if (found) this.#at++
    return found
  }

  #require(mark: string): void {
    if (!this.#takes(mark)) throw new SyntaxError('not JSON')
  }
}
