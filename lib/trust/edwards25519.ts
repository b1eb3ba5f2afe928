/**
 * The arithmetic on edwards25519 (RFC 8032 §5.1) that is needed to check a public key. It does not run in constant
 * time: the keys it checks are public.
 */

const P = 2n ** 255n - 19n
/** The order of the prime-order group. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const D = mod(-121665n * invert(121666n))
const SQRT_MINUS_ONE = power(2n, (P - 1n) / 4n)

/** Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
type Point = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint]

const IDENTITY: Point = [0n, 1n, 1n, 0n]

/**
 * Whether a key is a point of the prime-order group: it lies on the curve, and [L]A is the identity. With a component
 * of small order, two verifiers can disagree about a signature. Under the identity, one signature is valid for every
 * message.
 *
 * @param key 32 bytes, canonical.
 */
export function isInPrimeOrderGroup(key: Uint8Array): boolean {
  const point = decompress(key)
  return point !== undefined && isIdentity(multiply(point, L))
}

/** Decodes a point (RFC 8032 §5.1.3); `undefined` if it is not on the curve. */
function decompress(key: Uint8Array): Point | undefined {
  const encoded = key.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n)
  const y = encoded & (2n ** 255n - 1n)
  const x = recoverX(y, encoded >> 255n)
  return x === undefined ? undefined : [x, y, 1n, mod(x * y)]
}

function recoverX(y: bigint, sign: bigint): bigint | undefined {
  const u = mod(y * y - 1n)
  const v = mod(D * y * y + 1n)
  const root = mod(u * v ** 3n * power(u * v ** 7n, (P - 5n) / 8n))
  const square = mod(v * root * root)
  if (square !== u && square !== mod(-u)) return undefined
  const x = square === u ? root : mod(root * SQRT_MINUS_ONE)
  if (x === 0n && sign === 1n) return undefined
  return (x & 1n) === sign ? x : P - x
}

function multiply(point: Point, scalar: bigint): Point {
  let product = IDENTITY
  for (let bit = scalar.toString(2).length - 1; bit >= 0; bit--) {
    product = add(product, product)
    if ((scalar >> BigInt(bit)) & 1n) product = add(product, point)
  }
  return product
}

/** The complete addition law for a = -1 (Hisil, Wong, Carter, Dawson 2008, §3.1). It also doubles. */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = (y1 - x1) * (y2 - x2)
  const b = (y1 + x1) * (y2 + x2)
  const c = 2n * D * t1 * t2
  const d = 2n * z1 * z2
  const [e, f, g, h] = [mod(b - a), mod(d - c), mod(d + c), mod(b + a)]
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)]
}

function isIdentity([x, y, z]: Point): boolean {
  return x === 0n && y === z
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}

function invert(value: bigint): bigint {
  return power(value, P - 2n)
}
