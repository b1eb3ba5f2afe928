/** Maps errors to the author's files: a place knows only the packed module, which is one long line. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** A frame of the engine's stack: `    at name (main:1:66)`, or without a name. Lines and columns start at 1. */
const FRAME = /^\s*at .*?\(?(main|lander\/agent):(\d+):(\d+)\)?$/

/**
 * The stack of an agent's error, with the author's files, lines and columns. It omits frames of the prelude. With a map
 * it also omits the names of functions, because the packer has shortened them.
 *
 * @param map the source map of the packed module, as JSON. Without a readable map, positions stay unchanged
 *
 * @example
 * mapStack('    at e (main:1:74)\n    at W (lander/agent:1:1036)\n', module.map) // '    at count.ts:7:13\n'
 */
export function mapStack(stack: string, map?: string): string {
  const trace = map === undefined ? undefined : readMap(map)
  return stack
    .split('\n')
    .flatMap((line) => mapFrame(line, trace))
    .join('\n')
}

function mapFrame(frame: string, trace: TraceMap | undefined): string[] {
  const [, module, line, column] = FRAME.exec(frame) ?? []
  if (module === 'lander/agent') return []
  if (module === undefined || trace === undefined) return [frame]
  // The engine reports 1:1 when it knows only the function. The packed module has an import there.
  if (line === '1' && column === '1') return [frame.replace(/ \(.*/, '')]
  const found = originalPositionFor(trace, { line: Number(line), column: Number(column) - 1 })
  return [found.source === null ? frame : `    at ${found.source}:${found.line}:${found.column + 1}`]
}

function readMap(json: string): TraceMap | undefined {
  try {
    return new TraceMap(json)
  } catch {
    return undefined
  }
}
