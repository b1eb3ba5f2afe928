import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { toJsonSchema } from '@valibot/to-json-schema'
import { ConfigSchema } from '../lib/config/schema.ts'

/** The JSON Schema with which editors check `lander.config.json`, generated from the schema that the deployment uses. */
const FILE = fileURLToPath(new URL('../docs/lander.config.schema.json', import.meta.url))

/** Rules that JSON Schema can't express, such as that each bucket is named once, are checked at deployment only. */
export function editorSchema(): object {
  const schema = toJsonSchema(ConfigSchema, { errorMode: 'ignore', typeMode: 'input' })
  return { title: 'The configuration of a Lander fleet', ...schema }
}

/** Whether the generated file is up to date. */
export async function isCurrent(): Promise<boolean> {
  return isDeepStrictEqual(JSON.parse(await readFile(FILE, 'utf8')), editorSchema())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(FILE, `${JSON.stringify(editorSchema(), null, 2)}\n`)
}
