import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { bootImage } from '../support/boot-image.ts'
import { agentSource } from '../support/jobs.ts'
import { useSandbox } from '../support/sandbox.ts'

const { assets } = useSandbox()
const main = `const born = [Date.now(), Math.random(), new Date().getTimezoneOffset(), {}]; ${agentSource('return born')}`

describe('the memory of a machine that has booted and loaded an agent', () => {
  test('is the same, byte for byte, in every process', async () => {
    const here = await bootImage(assets, main)
    const script = fileURLToPath(new URL('../support/boot-image.ts', import.meta.url))
    const options = { env: { PATH: process.env.PATH, TZ: 'Asia/Tokyo' }, encoding: 'utf8' } as const
    const there = execFileSync(process.execPath, ['--import', 'tsx', script, assets, main], options)
    expect(JSON.parse(there)).toEqual(here)
    expect(here.bytes).toBeLessThan(2_000_000)
  })

  test('is another for another agent', async () => {
    const [one, other] = [await bootImage(assets, main), await bootImage(assets, `${main}\n// changed`)]
    expect(one.digest).not.toBe(other.digest)
  })
})
