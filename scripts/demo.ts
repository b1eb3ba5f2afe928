/**
 * The demo: a local cloud with three regions, links with the delay and bandwidth of real ones, and 3,000,000 real flights.
 * It asks one question in three ways: moving code to data, interpreted and with the inner loop in C, and moving data to
 * code.
 *
 *     npm run demo [-- --json FILE] [--rows N]
 */
import './terminal/quiet-sdk.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../lib/errors.ts'
import { type DemoResult, type Measured, runDemo } from './demo/run-demo.ts'
import { bytes, EXIT, note, paint, printError, seconds, table } from './terminal/output.ts'

const ALL_ROWS = 3_000_000

const dir = await mkdtemp(join(tmpdir(), 'lander-demo-'))
try {
  const { values } = parseArgs({ options: { json: { type: 'string' }, rows: { type: 'string' } } })
  const result = await runDemo({ dir, rows: parseRows(values.rows), say: note })
  printReport(result)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures(result), undefined, 2)}\n`)
  if (!result.equal) process.exitCode = EXIT.failed
} catch (error) {
  process.exitCode = printError(error, false)
} finally {
  await rm(dir, { recursive: true, force: true })
}

function parseRows(text = String(ALL_ROWS)): number {
  const rows = Number(text)
  if (Number.isInteger(rows) && rows > 0 && rows <= ALL_ROWS) return rows
  throw new UsageError('USAGE', `"${text}" is not a number of flights`, {
    remedy: `use a number from 1 to ${ALL_ROWS}`,
  })
}

function printReport(result: DemoResult): void {
  const { codeToData: near, kernelToData: kernel, kernelAgain: again, dataToCode: far, equal } = result
  const busiest = Object.entries(near.answer).sort(([, a], [, b]) => b.flights - a.flights)
  const airports = busiest
    .slice(0, 8)
    .map(([origin, { flights, meanDelay, worst }]) => [
      origin,
      flights.toLocaleString('en'),
      `${meanDelay.toFixed(1)} min`,
      `${origin} → ${worst.to}`,
      `${worst.meanDelay.toFixed(1)} min`,
    ])
  const times = (took: number) => `${(far.seconds / took).toFixed(1)}×`
  const row = (name: string, { bytes: moved, seconds: took }: Measured) => [
    name,
    bytes(moved),
    seconds(took),
    times(took),
  ]
  process.stdout.write(
    [
      table(['origin', 'flights', 'mean delay', 'worst route', 'its mean delay'], airports),
      paint('dim', `… and ${busiest.length - airports.length} more airports`),
      '',
      table(
        ['', 'across the links', 'time', 'as fast'],
        [
          row('code → data, interpreted', near),
          row('code → data, kernel in C', kernel),
          row('… again, functions warm', again),
          row('data → code, kernel in C', far),
        ],
      ),
      '',
      `answers ${equal ? paint('green', 'equal') : paint('red', 'DIFFERENT')}; code → data moved 1/${Math.round(far.bytes / kernel.bytes)} of the bytes`,
      '',
    ].join('\n'),
  )
}

function figures(result: DemoResult): object {
  const { rows, dataBytes, bundleBytes, codeToData: near, dataToCode: far, equal } = result
  const { kernelToData: kernel, kernelAgain: again } = result
  const side = ({ bytes, seconds }: Measured) => ({ bytes, seconds: Number(seconds.toFixed(3)) })
  return {
    rows,
    dataBytes,
    bundleBytes,
    airports: Object.keys(near.answer).length,
    equal,
    codeToData: side(near),
    kernelToData: side(kernel),
    kernelAgain: side(again),
    dataToCode: side(far),
    bytesRatio: Number((near.bytes / far.bytes).toFixed(6)),
    speedup: Number((far.seconds / near.seconds).toFixed(2)),
    kernelSpeedup: Number((far.seconds / again.seconds).toFixed(2)),
  }
}
