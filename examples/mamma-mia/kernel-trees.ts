import { agent } from 'lander/agent'
import { keyOf } from '../support/random-stream.ts'
import { draw } from './draw.c'
import { histogramOf, requireSensible } from './simulation.ts'
import type { Row, Runs } from './trees.ts'

/** The number of classes. No tree may get this many discs. */
const CLASSES = 1024

/** Does the same as `trees.ts` with the inner loop in C: the same streams give the same trees. */
export default agent(
  ({ runs, ...christmas }: Runs, { mission, region, regions }): Row[] => {
    requireSensible(christmas)
    const { discs, trees } = christmas
    const [low, high] = keyOf(mission)
    const rows: Row[] = []
    for (let run = regions.indexOf(region); run < runs; run += regions.length) {
      const reached = new Uint32Array(CLASSES)
      if (draw(low, high, run, discs, trees, reached) !== 0)
        throw new RangeError(`${discs} discs under ${trees} trees are too many for the kernel`)
      reached[0] = trees
      rows.push({
        run,
        region,
        histogram: histogramOf([...reached].slice(0, 1 + reached.findLastIndex((count) => count > 0))),
      })
    }
    return rows
  },
  { merge: (rows: Row[][]) => rows.flat().sort((a, b) => a.run - b.run) },
)
