import { agent, progress } from 'lander/agent'
import { RandomStream } from '../support/random-stream.ts'
import { type Christmas, simulate } from './simulation.ts'

export interface Runs extends Christmas {
  readonly runs: number
}

export interface Row {
  /** The index of the run. Mission and index select the stream of random numbers. */
  readonly run: number
  readonly region: string
  /** Trees with 0, 1, 2 … discs. */
  readonly histogram: readonly number[]
}

/** Divides the runs among the regions of the mission. Every run has its own random numbers. */
export default agent(
  ({ runs, ...christmas }: Runs, { mission, region, regions }): Row[] => {
    const rows: Row[] = []
    for (let run = regions.indexOf(region); run < runs; run += regions.length) {
      rows.push({ run, region, histogram: simulate(christmas, new RandomStream({ mission, index: run })) })
      progress(run / runs)
    }
    return rows
  },
  { merge: (rows: Row[][]) => rows.flat().sort((a, b) => a.run - b.run) },
)
