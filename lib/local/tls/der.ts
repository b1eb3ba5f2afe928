/** Writes DER (ITU-T X.690), as far as certificates need it. Node parses certificates itself. */

/** One value: its tag, its length and its contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Uint8Array.of(tag, ...lengthOctets(body.length)), body])
}

function lengthOctets(length: number): number[] {
  return length < 0x80 ? [length] : [0x80 | bigEndian(length).length, ...bigEndian(length)]
}

function bigEndian(value: number): number[] {
  return value < 0x100 ? [value] : [...bigEndian(value >>> 8), value & 0xff]
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
export const octetString = (...contents: readonly Uint8Array[]): Buffer => der(0x04, ...contents)
export const TRUE: Uint8Array = der(0x01, Uint8Array.of(0xff))

/** A positive integer; its first octet must be below 0x80. */
export const integer = (octets: Uint8Array): Buffer => der(0x02, octets)

/** A bit string. @param unused the number of unused bits at the end */
export const bitString = (octets: Uint8Array, unused = 0): Buffer => der(0x03, Uint8Array.of(unused), octets)

/** An object identifier, such as `2.5.4.3`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)))
}

/** A number in base 128: seven bits in each octet, and the eighth bit set in all but the last. */
function base128(value: number): number[] {
  const septets = value < 0x80 ? [] : base128(Math.floor(value / 0x80)).map((octet) => octet | 0x80)
  return [...septets, value % 0x80]
}

/** A time in whole seconds. RFC 5280 §4.1.2.5 requires two digits of the year up to 2049, and four after that. */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\.\d+|[-:T]/g, '')
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}
