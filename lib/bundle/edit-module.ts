import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'

/** Replaces the text from `start` up to, but not including, `end`. Edits must not overlap. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface MappedModule {
  readonly code: string
  /** The source map of the code, as JSON. */
  readonly map: string
}

/** Applies edits to a module and adjusts its source map. Mappings inside a replaced text are dropped. */
export function editModule({ code, map }: MappedModule, edits: readonly Edit[]): MappedModule {
  const ordered = [...edits].sort((a, b) => a.start - b.start)
  const edited = applyEdits(code, ordered)
  const parsed = JSON.parse(map) as { mappings: string }
  const [before, after] = [lineStarts(code), lineStarts(edited)]
  const lines: SourceMapSegment[][] = after.map(() => [])
  for (const [line, segments] of decode(parsed.mappings).entries()) {
    for (const segment of segments) {
      const offset = moved(before[line]! + segment[0], ordered)
      if (offset === undefined) continue
      const to = lineOf(offset, after)
      lines[to]!.push([offset - after[to]!, ...segment.slice(1)] as unknown as SourceMapSegment)
    }
  }
  return { code: edited, map: JSON.stringify({ ...parsed, mappings: encode(lines) }) }
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  const pieces: string[] = []
  let from = 0
  for (const { start, end, text } of edits) {
    pieces.push(code.slice(from, start), text)
    from = end
  }
  return pieces.join('') + code.slice(from)
}

/** The new offset of an old one; `undefined` inside a replaced text. */
function moved(offset: number, edits: readonly Edit[]): number | undefined {
  let shift = 0
  for (const { start, end, text } of edits) {
    if (offset <= start) break
    if (offset < end) return undefined
    shift += text.length - (end - start)
  }
  return offset + shift
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}

function lineOf(offset: number, starts: readonly number[]): number {
  const next = starts.findIndex((start) => start > offset)
  return (next < 0 ? starts.length : next) - 1
}
