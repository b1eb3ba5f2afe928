import { type FileHandle, open, readFile, rename } from 'node:fs/promises'

/**
 * An append-only file of JSON lines: a line that is written is what happened. A crash leaves at most a torn last
 * line, which reading drops. Lines that are appended at the same time share one write and one fsync.
 */
export interface Journal {
  /** Resolves when the line is on disk. After one failure every append fails, as the file's end is unknown. */
  append(event: unknown): Promise<void>
  close(): Promise<void>
}

export interface JournalText {
  /** Oldest first. */
  readonly events: unknown[]
  /** Whether a crash cut the last line; it is not among the events, and must not be appended to. */
  readonly torn: boolean
}

export async function readJournal(path: string): Promise<JournalText> {
  const text = await readFile(path, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  const lines = text.slice(0, end).split('\n')
  return { events: lines.filter((line) => line !== '').map((line) => JSON.parse(line)), torn: end < text.length }
}

/** Writes a journal anew, beside the old one, and puts it in its place in one step. */
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
 * @param fsync Whether an append waits for the disk.
 */
export async function openJournal(path: string, fsync: boolean): Promise<Journal> {
  const file = await open(path, 'a')
  let waiting: string[] = []
  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  /** When the write that runs is done, takes all lines that have gathered meanwhile. */
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
