/** Where in an author's own files an error came from: a place knows the packed module only, which is one long line. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** A frame of the engine: `    at name (main:1:66)`, or without a name. Lines and columns start at 1. */
const FRAME = /^\s*at .*?\(?(main|lander\/agent):(\d+):(\d+)\)?$/

/**
 * The stack of an agent's error with the author's files, lines and columns. Frames of the place's own code are left
 * out; names of functions too where there is a map, since packing shortened them.
 *
 * @param map source map of the packed module, as JSON; without one, or with one that can't be read, positions stay
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
  // What the engine says when it knows the function only: an import stands there.
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
