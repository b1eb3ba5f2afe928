import { call } from './prelude/calls.ts'

/** Waits. The time counts towards the limit `wallMs` of the run. */
export async function sleep(ms: number): Promise<void> {
  await call('sleep', `${ms}`)
}
