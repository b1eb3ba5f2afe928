/**
 * Compares the sizes of a small agent's signed bundle and of each function's code with bench/sizes.json.
 *
 *     npm run check:size [-- --update]
 *
 * `--update` stores the measured sizes. The exit code is 1 if a size differs by more than the tolerance.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureFunctionAsset } from '../lib/assets/function-asset.ts'
import { ensureRelayAsset } from '../lib/assets/relay-asset.ts'
import { ensureCompilerAsset } from '../lib/bundle/compiler-asset.ts'
import { NOTICES_FILE } from '../lib/bundle/third-party-notices.ts'
import { generateKey, packSigned, parseDataUri } from '../lib/index.ts'
import { bytesBelow, explainChanges, type Sizes } from './sizes.ts'
import { table } from './terminal/output.ts'

const ROOT = join(import.meta.dirname, '..')
const STORED = join(ROOT, 'bench/sizes.json')

const measured = await measure()
if (process.argv.includes('--update')) await writeFile(STORED, `${JSON.stringify(measured, undefined, 2)}\n`)
const stored = await readFile(STORED, 'utf8').catch(() => '{}')
const changes = explainChanges(JSON.parse(stored), measured)
process.stdout.write(`${table(['', 'bytes'], Object.entries(measured).map(rowOf))}\n`)
for (const change of changes) process.stderr.write(`${change}\n`)
if (changes.length > 0) {
  process.stderr.write('if the change is intended, run npm run check:size -- --update and commit bench/sizes.json\n')
  process.exitCode = 1
}

async function measure(): Promise<Sizes> {
  const agent = join(ROOT, 'examples/tasks/count-lines.ts')
  const { file } = await packSigned(agent, generateKey(), { scopes: [parseDataUri('s3://logs-us/logs/')] })
  const compiler = await ensureCompilerAsset()
  return {
    'signed bundle of examples/tasks/count-lines.ts': file.length,
    'data-locality function': await bytesBelow(await ensureFunctionAsset()),
    'relay function': await bytesBelow(await ensureRelayAsset()),
    'compiler function, code': await bytesBelow(compiler, isCode),
    'compiler function, compilers': await bytesBelow(compiler, (name) => !isCode(name)),
  }
}

/** Whether a file of the compiler function is this project's code, with its notices, and not one of the compilers. */
function isCode(name: string): boolean {
  return name === 'index.mjs' || name === 'compiler.mjs' || name === NOTICES_FILE
}

function rowOf([what, bytes]: [string, number]): string[] {
  return [what, String(bytes)]
}
