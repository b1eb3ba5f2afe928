import { createInterface } from 'node:readline/promises'
import { UsageError } from '../../lib/errors.ts'

/** A question to the user at the terminal. */
export interface Question {
  readonly text: string
  /** The option that gives the same value without a terminal, such as `--fleet NAME`. */
  readonly option: string
  /** The value of an empty answer. */
  readonly fallback?: string
}

/**
 * Asks the user at the terminal, on stderr.
 *
 * @throws UsageError `USAGE` that names the option, if there is no terminal or the answer is empty
 */
export async function ask({ text, option, fallback }: Question): Promise<string> {
  if (!process.stdin.isTTY) throw missing(text, option)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const hint = fallback === undefined ? '' : ` (${fallback})`
    const answer = (await lines.question(`${text}${hint}: `)).trim() || fallback
    if (answer) return answer
    throw missing(text, option)
  } finally {
    lines.close()
  }
}

function missing(text: string, option: string): UsageError {
  return new UsageError('USAGE', `${text}: no value is given`, { remedy: `give it with ${option}` })
}
