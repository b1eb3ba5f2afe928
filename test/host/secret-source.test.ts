import { describe, expect, test } from 'vitest'
import { createSecretSource } from '../../lib/host/secret-source.ts'
import { createFleetSecret, formatFleetSecret, rotateSecret } from '../../lib/trust/fleet-secret.ts'

const first = createFleetSecret()
const second = rotateSecret(first, 0)

/** A place where a secret is kept, and a clock, both in the test's hand. */
function setUp() {
  const kept = { text: formatFleetSecret(first), readings: 0, now: 0 }
  const source = createSecretSource({
    now: () => kept.now,
    async read() {
      kept.readings++
      if (kept.text === '') throw new Error('no route to Secrets Manager')
      return kept.text
    },
  })
  return { kept, source }
}

describe('a secret source', () => {
  test('reads once for runs that start together and for those that follow', async () => {
    const { kept, source } = setUp()
    await Promise.all([source.current(), source.current(), source.withEpoch(1)])
    kept.now = 299_999
    expect(await source.current()).toEqual(first)
    expect(kept.readings).toBe(1)
  })

  test('takes a rotation up within five minutes', async () => {
    const { kept, source } = setUp()
    await source.current()
    kept.text = formatFleetSecret(second)
    kept.now = 300_000
    expect(await source.current()).toEqual(second)
  })

  test('takes it up at once for a box of the new epoch', async () => {
    const { kept, source } = setUp()
    await source.current()
    kept.text = formatFleetSecret(second)
    kept.now = 10_000
    expect(await source.withEpoch(1)).toEqual(first)
    expect(await source.withEpoch(2)).toEqual(second)
  })

  test('is not driven to read again and again by epochs that never were', async () => {
    const { kept, source } = setUp()
    for (const epoch of [7, 8, 9]) {
      kept.now += 1000
      expect(await source.withEpoch(epoch)).toEqual(first)
    }
    expect(kept.readings).toBe(1)
  })

  test('goes on with the secret at hand while it can not be read, or is broken', async () => {
    const { kept, source } = setUp()
    await source.current()
    for (const text of ['', '{}']) {
      kept.text = text
      kept.now += 300_000
      expect(await source.current()).toEqual(first)
    }
  })

  test('says so when there never was one, and tries again', async () => {
    const { kept, source } = setUp()
    kept.text = ''
    await expect(source.current()).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', situation: 'unreachable' })
    kept.text = formatFleetSecret(first)
    expect(await source.current()).toEqual(first)
  })
})
