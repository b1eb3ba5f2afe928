import type { Provenance } from './provenance.ts'

/** The confidence in a figure: `high` from the named source, `medium` from a secondary source or rounded, `low` estimated. */
export type Confidence = 'high' | 'medium' | 'low'

/** A drive of a year, and the usual network of computers of that kind. */
export interface DrivePoint {
  readonly year: number
  readonly drive: string
  readonly bytes: number
  /** The rate of long sequential reads, if it is known. */
  readonly sustainedBytesPerSecond?: number
  /** Line rate. */
  readonly networkBitsPerSecond: number
  readonly source: string
  readonly driveConfidence: Confidence
  /** The confidence that this network speed was usual. After 1995 it is at most medium. */
  readonly networkConfidence: Confidence
}

const TEXTBOOK = 'Hennessy and Patterson, Computer Architecture, 6th ed., Figure 1.10'
const MILESTONES = 'Icy Dock, milestones in HDD capacity (2013), after Disk/Trend'
const TIMETABLE = 'CSUDH, Ethernet improvement timetable'

export const DRIVES_PROVENANCE: Provenance = {
  source: `${TEXTBOOK}; ${MILESTONES}; ${TIMETABLE}; each point names its own`,
  asOf: '2026-11-01',
  note: 'drive sizes are decimal; the network of a year is the one usual in new machines, which is a judgement',
}

const MB = 1e6
const GB = 1e9
const TB = 1e12
const Mbps = 1e6
const Gbps = 1e9

/** Large drives on sale, with the usual Ethernet of new servers. */
export const SERVER_DRIVES: readonly DrivePoint[] = [
  point(1983, 'CDC Wren', 30 * MB, 10 * Mbps, [TEXTBOOK, 'high', 'high'], 0.6 * MB),
  point(1990, 'Seagate ST41600', 1.4 * GB, 10 * Mbps, [TEXTBOOK, 'high', 'high'], 4 * MB),
  point(1994, 'Seagate ST15150', 4.3 * GB, 10 * Mbps, [TEXTBOOK, 'high', 'high'], 9 * MB),
  point(1998, 'Seagate ST39102', 9.1 * GB, 100 * Mbps, [TEXTBOOK, 'high', 'medium'], 24 * MB),
  point(2001, 'Seagate Barracuda 180', 182 * GB, 100 * Mbps, [MILESTONES, 'high', 'medium']),
  point(2003, 'Seagate ST373453, 15k', 73.4 * GB, 1 * Gbps, [TEXTBOOK, 'high', 'medium'], 86 * MB),
  point(2005, 'Hitachi 7K500', 500 * GB, 1 * Gbps, [MILESTONES, 'high', 'medium']),
  point(2007, 'Hitachi 7K1000', 1 * TB, 1 * Gbps, [MILESTONES, 'high', 'medium']),
  point(2009, 'WD Caviar Green', 2 * TB, 1 * Gbps, [MILESTONES, 'high', 'medium']),
  point(2010, 'Seagate GoFlex Desk', 3 * TB, 1 * Gbps, [MILESTONES, 'high', 'medium']),
  point(2012, 'Hitachi 7K4000', 4 * TB, 10 * Gbps, [MILESTONES, 'high', 'low']),
  point(2015, 'HGST He10', 10 * TB, 10 * Gbps, ['product announcement', 'medium', 'low']),
  point(2018, 'Seagate Exos HAMR, announced', 16 * TB, 25 * Gbps, ['PC Gamer, December 2018', 'high', 'low']),
  point(
    2021,
    'Seagate Exos',
    20 * TB,
    25 * Gbps,
    [
      'Darwin’s Data, September 2021; rate of an 18 TB drive: M. Brooker, Old Hard Drive Adverts, March 2021',
      'medium',
      'low',
    ],
    220 * MB,
  ),
  point(2024, 'Seagate Exos Mozaic 3+', 30 * TB, 100 * Gbps, ['AnandTech, January 2024', 'high', 'low']),
  point(2025, 'Seagate Exos M, samples', 36 * TB, 100 * Gbps, ['heise, January 2025', 'high', 'low']),
  point(2026, 'Seagate Mozaic 4+', 44 * TB, 100 * Gbps, ['TechSpot 111584', 'high', 'low']),
]

/** Typical drives of PCs, with the usual Ethernet of offices. */
export const OFFICE_DRIVES: readonly DrivePoint[] = [
  point(1985, 'Seagate ST-225', 20 * MB, 10 * Mbps, [`EE Journal; ${TIMETABLE}`, 'high', 'high']),
  point(1990, 'PC drive, 40 MB', 40 * MB, 10 * Mbps, [`Pingdom; ${TIMETABLE}`, 'medium', 'high']),
  point(1995, 'PC drive, 1 GB', 1 * GB, 10 * Mbps, [`Wikipedia as of 2011; ${TIMETABLE}`, 'medium', 'high']),
  point(2000, 'PC drive, 20 GB', 20 * GB, 100 * Mbps, ['Darwin’s Data', 'medium', 'medium']),
  point(2005, 'PC drive, 160 GB', 160 * GB, 1 * Gbps, ['no source: common knowledge', 'low', 'low']),
  point(2010, 'PC drive, 1 TB', 1 * TB, 1 * Gbps, ['Wikipedia as of 2011', 'medium', 'medium']),
  point(2015, 'PC drive, 4 TB', 4 * TB, 1 * Gbps, [MILESTONES, 'medium', 'low']),
  point(2021, 'PC drive, 8 TB', 8 * TB, 1 * Gbps, ['PC Gamer, 2021', 'medium', 'low']),
  point(2025, 'retail drive, 24 TB', 24 * TB, 2.5 * Gbps, ['heise, January 2025', 'high', 'low']),
]

/** A fast drive whose own rate is known. It is on the line of drives only. */
export const DRIVE_OF_2016 = {
  year: 2016,
  drive: 'Seagate ST600MX0062, 15k',
  bytes: 600 * GB,
  sustainedBytesPerSecond: 250 * MB,
  source: TEXTBOOK,
} as const

function point(
  year: number,
  drive: string,
  bytes: number,
  networkBitsPerSecond: number,
  [source, driveConfidence, networkConfidence]: readonly [string, Confidence, Confidence],
  sustainedBytesPerSecond?: number,
): DrivePoint {
  const base = { year, drive, bytes, networkBitsPerSecond, source, driveConfidence, networkConfidence }
  return sustainedBytesPerSecond === undefined ? base : { ...base, sustainedBytesPerSecond }
}
