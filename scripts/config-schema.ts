import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { toJsonSchema } from '@valibot/to-json-schema'
import { ConfigSchema } from '../lib/config/schema.ts'

/** The schema that editors check `lander.config.json` with, generated from the one that a deployment checks it with. */
const FILE = fileURLToPath(new URL('../docs/lander.config.schema.json', import.meta.url))

/** What no editor can check, such as a bucket that stands there twice, is left to the deployment. */
export function editorSchema(): object {
  const schema = toJsonSchema(ConfigSchema, { errorMode: 'ignore', typeMode: 'input' })
  return { title: 'The configuration of a Lander fleet', ...schema }
}

/** Whether the file says what the code does. */
export async function isCurrent(): Promise<boolean> {
  return isDeepStrictEqual(JSON.parse(await readFile(FILE, 'utf8')), editorSchema())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(FILE, `${JSON.stringify(editorSchema(), null, 2)}\n`)
}
