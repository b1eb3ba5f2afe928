import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

it('lander/gravity runs in a browser: it imports neither Node modules nor an SDK', async () => {
  const { metafile, errors } = await build({
    entryPoints: [fileURLToPath(new URL('../../lib/gravity/index.ts', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
  })
  expect(errors).toEqual([])
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  )
  expect([...new Set(packages)]).toEqual(['valibot'])
})
