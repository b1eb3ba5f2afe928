import type { MilpSolver } from './milp.ts'

type HighsModule = typeof import('highs')

/**
 * HiGHS keeps to these, not to its defaults of 1e-4 and 1e-6: a plan is proven, not nearly so. Presolve is off because
 * that of 1.15 calls some feasible placement programs infeasible; without it they are solved, and sooner.
 */
const PROVE = {
  presolve: 'off',
  mip_rel_gap: 1e-9,
  mip_abs_gap: 1e-9,
  mip_feasibility_tolerance: 1e-9,
  primal_feasibility_tolerance: 1e-9,
} as const

/** HiGHS (MIT, in WebAssembly) as a solver of placement programs. */
export async function loadHighs({ timeLimitSeconds = 30 } = {}): Promise<MilpSolver> {
  // The package's types describe its CommonJS build; its ES module exports the loader itself.
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
