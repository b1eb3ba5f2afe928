import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ASSET_FILES } from '../../../lib/sandbox/contract/assets.ts'
import { bootImage } from '../../support/boot-image.ts'
import { agentSource } from '../../support/jobs.ts'
import { useSandbox } from '../../support/sandbox.ts'

/** How many globals of a WebAssembly module may change (core specification 5.5.9: section 6, type, flag, expression). */
function mutableGlobals(binary: Uint8Array): number {
  let at = 8
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }
  while (binary[at] !== 6) {
    at++
    const size = number()
    at += size
  }
  at++
  number()
  let mutable = 0
  for (let left = number(); left > 0; left--) {
    mutable += binary[at + 1]!
    at = binary.indexOf(0x0b, at) + 1
  }
  return mutable
}

const { assets } = useSandbox()
const main = `const born = [Date.now(), Math.random(), new Date().getTimezoneOffset(), {}]; ${agentSource('return born')}`

describe('the memory of a machine that has booted and loaded an agent', () => {
  test('is the same, byte for byte, in every process', async () => {
    const here = await bootImage(assets, main)
    const script = fileURLToPath(new URL('../../support/boot-image.ts', import.meta.url))
    const options = { env: { PATH: process.env.PATH, TZ: 'Asia/Tokyo' }, encoding: 'utf8' } as const
    const there = execFileSync(process.execPath, ['--import', 'tsx', script, assets, main], options)
    expect(JSON.parse(there)).toEqual(here)
    expect(here.bytes).toBeLessThan(2_000_000)
  })

  test('contains everything except the stack pointer', async () => {
    const binary = readFileSync(join(assets, ASSET_FILES.engine))
    const globals = mutableGlobals(binary)
    const exported = WebAssembly.Module.exports(new WebAssembly.Module(binary)).filter(({ kind }) => kind === 'global')
    expect([globals, exported.map(({ name }) => name)]).toEqual([1, ['__stack_pointer']])
  })

  test('differs for another agent', async () => {
    const [one, other] = [await bootImage(assets, main), await bootImage(assets, `${main}\n// changed`)]
    expect(one.digest).not.toBe(other.digest)
  })
})
