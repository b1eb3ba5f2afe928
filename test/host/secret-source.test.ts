import { describe, expect, test } from 'vitest'
import { createSecretSource } from '../../lib/host/secret-source.ts'
import { createFleetSecret, formatFleetSecret, rotateSecret } from '../../lib/trust/fleet-secret.ts'

const first = createFleetSecret()
const second = rotateSecret(first, 0)

/** A secret store and a clock that the test controls. */
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
  test('reads once for concurrent runs and for those that follow', async () => {
    const { kept, source } = setUp()
    await Promise.all([source.current(), source.current(), source.withEpoch(1)])
    kept.now = 299_999
    expect(await source.current()).toEqual(first)
    expect(kept.readings).toBe(1)
  })

  test('uses a rotated secret within five minutes', async () => {
    const { kept, source } = setUp()
    await source.current()
    kept.text = formatFleetSecret(second)
    kept.now = 300_000
    expect(await source.current()).toEqual(second)
  })

  test('reads again at once for a state of a new epoch', async () => {
    const { kept, source } = setUp()
    await source.current()
    kept.text = formatFleetSecret(second)
    kept.now = 10_000
    expect(await source.withEpoch(1)).toEqual(first)
    expect(await source.withEpoch(2)).toEqual(second)
  })

  test('does not read again for each unknown epoch', async () => {
    const { kept, source } = setUp()
    for (const epoch of [7, 8, 9]) {
      kept.now += 1000
      expect(await source.withEpoch(epoch)).toEqual(first)
    }
    expect(kept.readings).toBe(1)
  })

  test('keeps the cached secret while the stored one is unreadable or malformed', async () => {
    const { kept, source } = setUp()
    await source.current()
    for (const text of ['', '{}']) {
      kept.text = text
      kept.now += 300_000
      expect(await source.current()).toEqual(first)
    }
  })

  test('reports a secret that was never readable, and retries', async () => {
    const { kept, source } = setUp()
    kept.text = ''
    await expect(source.current()).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', situation: 'unreachable' })
    kept.text = formatFleetSecret(first)
    expect(await source.current()).toEqual(first)
  })
})
