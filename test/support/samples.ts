/** The fenced code of README.md and docs/*.md, so that tests can check it. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A fenced block. */
export interface Sample {
  /** `docs/guide.md` */
  readonly doc: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  /** The language of the fence: `ts`, `sh`, `json`; empty for plain text. */
  readonly language: string
  readonly text: string
  /** `<!-- file: NAME -->` above the fence: the file that the reader saves it as. */
  readonly file?: string
  /** `<!-- parsed only: REASON -->` above the fence: why its commands are not run. */
  readonly parsedOnly?: string
  /** `<!-- unchecked: REASON -->` above the fence: why no test checks it. */
  readonly unchecked?: string
}

const MARK = /^<!-- (file|parsed only|unchecked): (.+) -->$/
const FIELDS: Readonly<Record<string, keyof Sample>> = {
  file: 'file',
  'parsed only': 'parsedOnly',
  unchecked: 'unchecked',
}

/** Every fenced block of all pages, page by page. */
export async function readSamples(): Promise<Sample[]> {
  const pages = (await readdir(`${ROOT}docs`)).filter((name) => name.endsWith('.md')).sort()
  const docs = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...pages.map((name) => `docs/${name}`)]
  const samples = await Promise.all(docs.map(async (doc) => samplesIn(doc, await readFile(`${ROOT}${doc}`, 'utf8'))))
  return samples.flat()
}

/** The fenced blocks of one page. */
export function samplesIn(doc: string, markdown: string): Sample[] {
  const lines = markdown.split('\n')
  const samples: Sample[] = []
  for (let at = 0; at < lines.length; at++) {
    const opening = /^```(\w*)$/.exec(lines[at]!)
    if (opening === null) continue
    const end = lines.indexOf('```', at + 1)
    if (end === -1) throw new Error(`${doc}:${at + 1}: the fence is never closed`)
    const [, mark, said] = MARK.exec(lines[at - 1] ?? '') ?? []
    const text = `${lines.slice(at + 1, end).join('\n')}\n`
    samples.push({
      doc,
      line: at + 1,
      language: opening[1]!,
      text,
      ...(mark !== undefined && { [FIELDS[mark]!]: said }),
    })
    at = end
  }
  return samples
}

/** Whether a sample is a complete agent that can be packed and run. */
export function isAgent({ language, text, unchecked }: Sample): boolean {
  return language === 'ts' && unchecked === undefined && text.includes('export default agent(')
}
