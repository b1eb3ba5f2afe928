import { call } from './prelude/calls.ts'

/** Waits for `ms` milliseconds, which count towards the limit `wallMs` of the run. */
export async function sleep(ms: number): Promise<void> {
  await call('sleep', `${ms}`)
}
