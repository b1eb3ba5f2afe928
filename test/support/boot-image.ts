/** Boots a machine, loads an agent and prints the digest of the memory. A test runs it in a separate process. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Machine } from '../../lib/sandbox/engine/machine.ts'

export interface BootImage {
  readonly bytes: number
  readonly digest: string
}

/** The memory of a machine that has booted from `assets` and loaded `main`. */
export async function bootImage(assets: string, main: string): Promise<BootImage> {
  const machine = await Machine.boot({
    engine: new WebAssembly.Module(readFileSync(join(assets, 'quickjs.wasm'))),
    prelude: readFileSync(join(assets, 'prelude.mjs'), 'utf8'),
    memoryPages: 1024,
    compiles: false,
    hostCall: () => {},
    kernelCall: () => false,
    expired: () => false,
    onStop: () => {},
  })
  machine.load(main)
  const image = machine.image()
  return { bytes: image.length, digest: createHash('sha256').update(image).digest('hex') }
}

const [, script, assets, main] = process.argv
if (script !== undefined && import.meta.url === pathToFileURL(script).href)
  process.stdout.write(JSON.stringify(await bootImage(assets!, main!)))
