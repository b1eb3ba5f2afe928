import { UsageError } from './errors.ts'

/**
 * Parses the text of a JSON file that the user named. The error has none of the text, because such files can hold
 * credentials and JSON.parse quotes what it could not read.
 *
 * @param path what the error calls the file
 * @throws UsageError with `code` when the text is not JSON
 */
export function parseJsonFile(
  text: string,
  path: string,
  code: 'CONFIG_INVALID' | 'PROBLEM_INVALID' = 'CONFIG_INVALID',
): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(code, `"${path}" is not JSON`, {
      remedy: `correct its syntax; this shows where: node -e 'JSON.parse(fs.readFileSync("${path}", "utf8"))'`,
    })
  }
}
