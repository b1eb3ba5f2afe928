import type { MilpSolver } from './milp.ts'

type HighsModule = typeof import('highs')

/**
 * Tolerances below HiGHS's defaults of 1e-4 and 1e-6, because a plan must be proven exactly. Presolve is off because
 * that of version 1.15 reports some feasible placement programs as infeasible. Without presolve HiGHS solves them, and
 * faster.
 */
const PROVE = {
  presolve: 'off',
  mip_rel_gap: 1e-9,
  mip_abs_gap: 1e-9,
  mip_feasibility_tolerance: 1e-9,
  primal_feasibility_tolerance: 1e-9,
} as const

/** Loads HiGHS (MIT, in WebAssembly) as a solver of placement programs. */
export async function loadHighs({ timeLimitSeconds = 30 } = {}): Promise<MilpSolver> {
  // The package's types describe its CommonJS build, but its ES module exports the loader itself.
  const createHighs = (await import('highs')).default as unknown as HighsModule['default']
  const highs = await createHighs()
  return (program) => {
    const { Status, Columns, ObjectiveValue } = highs.solve(program, { ...PROVE, time_limit: timeLimitSeconds })
    if (Status !== 'Optimal') return undefined
    const values = Object.entries(Columns).map(
      ([name, column]) => [name, (column as { Primal: number }).Primal] as const,
    )
    return { values: Object.fromEntries(values), bound: ObjectiveValue }
  }
}
