import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { curveSpec } from '../../lib/gravity/curve-spec.ts'
import { planPlacement } from '../../lib/gravity/planner/plan-placement.ts'
import { parsePrices } from '../../lib/gravity/prices.ts'
import { drawSvg } from '../../scripts/drawing/draw-svg.ts'

const text = await readFile(new URL('../../docs/gravity.md', import.meta.url), 'utf8')
const [problem, prices] = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json!))

describe('docs/gravity.md', () => {
  it('shows a problem that has a plan', () => {
    const plan = planPlacement(problem)
    expect(plan).toMatchObject({ feasible: true, optimal: true })
    const shown = /```\n\{([\s\S]*?)\}\n```/.exec(text)![1]!
    for (const field of Object.keys(plan)) expect(shown).toContain(field)
  })

  it('shows a valid price file', () => {
    expect(parsePrices(prices).provenance.s3.source).toBe('my contract')
  })
})

describe('docs/gravity-curve.svg', () => {
  it('is the output of lander gravity curve', async () => {
    const committed = await readFile(new URL('../../docs/gravity-curve.svg', import.meta.url), 'utf8')
    expect(committed.trim()).toBe((await drawSvg(curveSpec())).trim())
  })
})
