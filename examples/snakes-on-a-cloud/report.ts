/** Formats the example's output. Pure. */
import type { PackOptions } from 'lander'
import { bytes, table } from '../../scripts/terminal/output.ts'
import { type Figure, format } from '../support/figures.ts'
import type { Finding } from './tour.ts'

/** A form in which the agent is sent. */
export interface Form {
  readonly name: string
  readonly agent: string
  readonly kernels?: NonNullable<PackOptions['kernels']>
}

export const FORMS: readonly Form[] = [
  { name: 'as a binary', agent: 'kernel.ts', kernels: 'binary' },
  { name: 'as C, compiled on arrival', agent: 'kernel.ts', kernels: 'source' },
  { name: 'interpreted', agent: 'interpreted.ts' },
]

/** The tours in one form. */
export interface Flight {
  readonly form: string
  readonly finding: Finding
  /** The bytes of the signed bundle: code, manifest and signature. */
  readonly bundleBytes: number
  /** The bundle's entries: their bytes, and their bytes as stored. */
  readonly entries: readonly { readonly name: string; readonly bytes: number; readonly stored: number }[]
  /** The bytes of the sealed state at each landing; 0 where the agent started. */
  readonly sealedBytes: readonly number[]
  readonly bytesMoved: number
  /** Seconds from sending to the answer, for the first tour and for the second. */
  readonly seconds: { readonly first: number; readonly again: number }
  /** Seconds of the second tour in which the agent worked, summed over the regions. */
  readonly workedSeconds: number
  readonly receipts: { readonly count: number; readonly verified: boolean }
}

export interface Told {
  readonly flights: readonly Flight[]
  readonly expected: Finding
  readonly forgedIsRefused: boolean
}

export function figuresOf({ flights: [binary, source, interpreted] }: Told): Figure[] {
  const speed = (flight: Flight) => flight.finding.bytes / flight.workedSeconds
  return [
    { what: 'bundle with a binary', unit: 'bytes', ours: binary!.bundleBytes },
    { what: 'bundle with its C', unit: 'bytes', ours: source!.bundleBytes },
    { what: 'bundle that is interpreted', unit: 'bytes', ours: interpreted!.bundleBytes },
    { what: 'the kernel’s C, as a multiple of its binary', unit: 'times', ours: kernelOf(source!) / kernelOf(binary!) },
    { what: 'tour with a binary', unit: 'seconds', ours: binary!.seconds.again },
    { what: 'tour with C that is in no cache', unit: 'seconds', ours: source!.seconds.first },
    { what: 'tour with C that is cached', unit: 'seconds', ours: source!.seconds.again },
    { what: 'tour, interpreted', unit: 'seconds', ours: interpreted!.seconds.again },
    { what: 'the kernel’s speed to the interpreter’s', unit: 'times', ours: speed(binary!) / speed(interpreted!) },
  ]
}

/** Returns the bytes of the kernel in the bundle. */
function kernelOf({ entries }: Flight): number {
  return entries.filter(({ name }) => name !== 'main.js').reduce((sum, { stored }) => sum + stored, 0)
}

export function describe({ flights, expected, forgedIsRefused }: Told): string {
  const [binary, source] = flights as [Flight, Flight]
  const smaller = kernelOf(source) < kernelOf(binary)
  return [
    table(
      ['sent', 'bundle', 'its parts', 'states', 'moved', 'first tour', 'again', 'of it at work', 'data', 'receipts'],
      flights.map((flight) => [
        flight.form,
        bytes(flight.bundleBytes),
        flight.entries.map(({ name, bytes: all, stored }) => `${name} ${all} → ${stored}`).join(', '),
        flight.sealedBytes.slice(1).map(bytes).join(', '),
        bytes(flight.bytesMoved),
        format(flight.seconds.first, 'seconds'),
        format(flight.seconds.again, 'seconds'),
        format(flight.workedSeconds, 'seconds'),
        `${bytes(flight.finding.bytes / flight.workedSeconds)}/s`,
        `${flight.receipts.count} ${flight.receipts.verified ? 'verified' : 'NOT VERIFIED'}`,
      ]),
    ),
    '',
    ...flights.map(({ form, finding }) => `${form}: ${findingText(finding)}`),
    `in this process: ${findingText(expected)}`,
    `with one byte changed the bundle is ${forgedIsRefused ? 'refused' : 'NOT REFUSED'}`,
    '',
    `"A small source is smaller than the binary": ${smaller ? 'still true' : 'not true here'}. This kernel weighs ${kernelOf(source)} bytes as C and ${kernelOf(binary)} as WebAssembly, both compressed.`,
  ].join('\n')
}

function findingText({ bytes: count, checksum, entropy, visited }: Finding): string {
  const sum = checksum.toString(16).padStart(8, '0')
  return `${bytes(count)} in ${visited.join(', ')}; checksum ${sum}, ${entropy.toFixed(4)} bits a byte`
}
