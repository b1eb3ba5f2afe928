/**
 * Writes the golden files of the current format version: `npx tsx test/golden/renew.ts`. Run it only after FORMAT_VERSION
 * has been raised. Move the files of the former version to a folder of their own first: a test must refuse them.
 */
import { writeFileSync } from 'node:fs'
import { encodeSignedBundle } from '../../lib/bundle/file.ts'
import { utf8 } from '../../lib/encoding/bytes.ts'
import { admissionOf } from '../trust/fixture.ts'

const file = (name: string) => new URL(`trust/${name}`, import.meta.url)
const { file: bundle, order } = admissionOf()

writeFileSync(
  file('bundle.bin'),
  encodeSignedBundle({ envelope: utf8('the envelope'), parts: [utf8('main'), utf8('kernel')] }),
)
writeFileSync(file('signed-bundle.bin'), bundle)
writeFileSync(file('order.json'), `${JSON.stringify(order, null, 2)}\n`)
