/** `--input`: JSON on the command line, in a file, or on standard input. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Json } from '../../lib/encoding/json.ts'
import { DuplicateNameError, InexactIntegerError, parseStrictJson } from '../../lib/encoding/strict-json.ts'
import { UsageError } from '../../lib/errors.ts'
import { explainFileError } from '../../lib/files/file-error.ts'

/** What the option says in every command's help. */
export const INPUT_FORMS = 'JSON, or @FILE that holds it, or - for standard input'

/** How deep an input may nest: parsing is recursive, here and where the agent runs. */
const MAX_INPUT_DEPTH = 1000

/**
 * The agent's input: `null` where none is named.
 *
 * @param word JSON text, `@` and the name of a file, or `-`
 * @throws UsageError `INPUT_INVALID`, `FILE_NOT_FOUND` …
 */
export async function readInput(word: string | undefined, stdin: NodeJS.ReadableStream = process.stdin): Promise<Json> {
  if (word === undefined) return null
  if (word === '-') return parseInput(await text(stdin), 'what came on standard input')
  if (!word.startsWith('@')) return parseInput(word, '--input')
  const path = word.slice(1)
  return parseInput(await readText(path), path)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw explainFileError(error, path)
  }
}

function parseInput(source: string, name: string): Json {
  try {
    // Editors on Windows put a byte order mark before JSON.
    const json = source.replace(/^\uFEFF/, '')
    const options = { maxLength: Number.POSITIVE_INFINITY, maxDepth: MAX_INPUT_DEPTH, integers: 'exact' } as const
    return parseStrictJson(json, options) as Json
  } catch (error) {
    if (error instanceof InexactIntegerError)
      throw invalid(`${name} has an integer that a number would round: ${error.integer}`, 'send it as a string', error)
    if (error instanceof DuplicateNameError)
      throw invalid(`${name} has the name "${error.duplicate}" twice`, 'leave one of the two out', error)
    const why = (error as Error).message
    const fault = why === 'not JSON' ? 'is not JSON' : `is not JSON that can be sent: ${why}`
    const quoted = `quote it for the shell: --input '{"word":"ERROR"}'`
    throw invalid(`${name} ${fault}`, name === '--input' ? quoted : 'correct it there', error)
  }
}

const invalid = (message: string, remedy: string, cause: unknown): UsageError =>
  new UsageError('INPUT_INVALID', message, { remedy, cause })
