/** Checks the demo's promises: what code → data saves over data → code, on the same links in the same run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runDemo } from '../scripts/demo/run-demo.ts'
import { note } from '../scripts/terminal/output.ts'
import { benchmark } from './support/program.ts'

await benchmark('demo', async ({ quick }) => {
  const dir = await mkdtemp(join(tmpdir(), 'lander-bench-'))
  try {
    const { codeToData, kernelToData, kernelAgain, dataToCode, equal, ...figures } = await runDemo({
      dir,
      rows: quick ? 1_500_000 : 3_000_000,
      say: note,
    })
    return {
      about:
        'One question over real flights in three regions, asked by moving the code to the data, and the data to the code, over the same links of real length and width.',
      promises: [
        {
          name: 'share of the bytes across the links',
          value: codeToData.bytes / dataToCode.bytes,
          unit: '',
          atMost: 1 / 1000,
        },
        { name: 'data → code takes longer by', value: dataToCode.seconds / codeToData.seconds, unit: '×', atLeast: 3 },
        {
          name: 'data → code takes longer than a kernel in warm functions by',
          value: dataToCode.seconds / kernelAgain.seconds,
          unit: '×',
          // Half of the data takes half the time to move, but the duration of a call does not shrink.
          atLeast: quick ? 10 : 20,
        },
        { name: 'answers that differ', value: equal ? 0 : 1, unit: '', atMost: 0 },
      ],
      figures: {
        ...figures,
        codeToData: { bytes: codeToData.bytes, seconds: codeToData.seconds },
        kernelToData: { bytes: kernelToData.bytes, seconds: kernelToData.seconds },
        kernelAgain: { bytes: kernelAgain.bytes, seconds: kernelAgain.seconds },
        dataToCode: { bytes: dataToCode.bytes, seconds: dataToCode.seconds },
      },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
