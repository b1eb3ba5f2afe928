/**
 * The demo's data: 3,000,000 real flights of 2001 (US Bureau of Transportation Statistics, as the npm package
 * vega-datasets carries them), written as CSV and split by the side of the country they left from.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { parquetRead } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/** Longitudes that split the country's flights into thirds, and the nearest region of each third. */
const SIDES = [
  { region: 'us-west-2', west: Number.NEGATIVE_INFINITY, side: 'west' },
  { region: 'us-east-2', west: -97, side: 'centre' },
  { region: 'us-east-1', west: -83.3, side: 'east' },
] as const

export const DEMO_REGIONS: readonly string[] = SIDES.map(({ region }) => region)

export interface FlightFile {
  readonly region: string
  readonly key: string
  readonly rows: number
  readonly csv: Buffer
}

interface Flights {
  readonly date: readonly Date[]
  readonly delay: readonly bigint[]
  readonly distance: readonly bigint[]
  readonly origin: readonly string[]
  readonly destination: readonly string[]
}

const COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'] as const

/** The flights as CSV, one file a region. @param rows how many of the 3,000,000 to take */
export async function flightFiles(rows = 3_000_000): Promise<FlightFile[]> {
  const regionOf = await originRegions()
  const files = new Map(DEMO_REGIONS.map((region) => [region, [COLUMNS.join(',')]]))
  for await (const flights of readFlights(rows)) {
    flights.origin.forEach((origin, i) => {
      const date = flights.date[i]!.toISOString()
      const when = `${date.slice(0, 10)} ${date.slice(11, 16)}`
      files
        .get(regionOf(origin))!
        .push(`${when},${flights.delay[i]},${flights.distance[i]},${origin},${flights.destination[i]}`)
    })
  }
  return [...files].map(([region, lines]) => ({
    region,
    key: 'flights/2001.csv',
    rows: lines.length - 1,
    csv: Buffer.from(`${lines.join('\n')}\n`, 'latin1'),
  }))
}

/** Reads the flights in row groups, so that they are never all in memory as objects. */
async function* readFlights(rows: number): AsyncGenerator<Flights> {
  const bytes = await readFile(dataset('flights-3m.parquet'))
  const file = new Uint8Array(bytes).buffer
  const step = 250_000
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step)
    const columns: Record<string, unknown[]> = Object.fromEntries(COLUMNS.map((name) => [name, []]))
    await parquetRead({
      file,
      compressors,
      columns: [...COLUMNS],
      rowStart: start,
      rowEnd: end,
      // A chunk is a page of the file, so it may have rows outside the requested range.
      onChunk: ({ columnName, columnData, rowStart }) => {
        for (let i = Math.max(0, start - rowStart); i < columnData.length && rowStart + i < end; i++) {
          columns[columnName]![rowStart + i - start] = columnData[i]
        }
      },
    })
    yield columns as unknown as Flights
  }
}

/** A function that returns the nearest region of an airport, by its longitude. */
async function originRegions(): Promise<(origin: string) => string> {
  const csv = await readFile(dataset('airports.csv'), 'utf8')
  const longitudes = new Map(
    csv.split('\n').map((line) => [line.slice(0, line.indexOf(',')), Number(line.slice(line.lastIndexOf(',') + 1))]),
  )
  const known = new Map<string, string>()
  return (origin) => {
    const region = known.get(origin) ?? sideOf(longitudes.get(origin) ?? 0)
    known.set(origin, region)
    return region
  }
}

const sideOf = (longitude: number): string => SIDES.findLast(({ west }) => longitude >= west)!.region

function dataset(name: string): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  return entry.replace(/build\/[^/]+$/, `data/${name}`)
}
