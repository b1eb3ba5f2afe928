import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { InternalError } from '../../errors.ts'

/**
 * An append-only file of JSON lines, one for each event. A crash leaves at most an incomplete last line, which reading
 * drops. Lines that are appended at the same time share one write and one fsync.
 */
export interface Journal {
  /** Resolves when the line is on disk. After one failure every append fails, because the end of the file is unknown. */
  append(event: unknown): Promise<void>
  close(): Promise<void>
}

export interface JournalText {
  /** The events, oldest first. */
  readonly events: unknown[]
  /** Whether the last line is incomplete after a crash. It is not among the events, and nothing may be appended to it. */
  readonly torn: boolean
}

/** Reads a journal. @throws InternalError if a line before the last is damaged, because ignoring it could lose objects */
export async function readJournal(path: string): Promise<JournalText> {
  const bytes = await readFile(path)
  const events: unknown[] = []
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    events.push(parseLine(bytes.toString('utf8', start, end), path, events.length + 1))
    start = end + 1
  }
  return { events, torn: start < bytes.length }
}

const NEWLINE = 0x0a

function parseLine(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new InternalError(`line ${number} of ${path} is damaged`, { cause })
  }
}

/** Writes a new journal beside the old one and replaces it atomically. */
export async function writeJournal(path: string, events: Iterable<unknown>): Promise<void> {
  const draft = `${path}.draft`
  const file = await open(draft, 'w')
  try {
    await file.writeFile(Array.from(events, toLine).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

/**
 * Opens a journal to append to.
 *
 * @param fsync whether an append waits for the disk
 */
export async function openJournal(path: string, fsync: boolean): Promise<Journal> {
  const file = await open(path, 'a')
  let waiting: string[] = []
  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  /** After the running write, writes all lines that were added in the meantime. */
  const writeNext = () =>
    writing.then(() => {
      const lines = waiting.join('')
      waiting = []
      next = undefined
      writing = writeLines(file, lines, fsync)
      return writing
    })

  return {
    append(event) {
      waiting.push(toLine(event))
      next ??= writeNext()
      return next
    },
    async close() {
      await (next ?? writing).catch(() => {})
      await file.close()
    },
  }
}

async function writeLines(file: FileHandle, lines: string, fsync: boolean): Promise<void> {
  await file.appendFile(lines)
  if (fsync) await file.datasync()
}

function toLine(event: unknown): string {
  return `${JSON.stringify(event)}\n`
}
