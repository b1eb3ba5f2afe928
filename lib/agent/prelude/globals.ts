/** Globals that programs expect on every JavaScript platform, built on the host calls. */
import { log } from '../log.ts'
import { call } from './calls.ts'
import { whenSettled } from './captured.ts'
import { TextDecoder, TextEncoder } from './text.ts'

export function installGlobals(): void {
  const globals = globalThis as unknown as Record<string, unknown>
  const console = Object.freeze({ log, info: log, warn: log, error: log, debug: log })
  for (const [name, value] of Object.entries({ console, TextEncoder, TextDecoder, setTimeout, clearTimeout }))
    Object.defineProperty(globals, name, { value, writable: true, configurable: true, enumerable: false })
}

const cancelled = new Set<number>()
let lastTimer = 0

function setTimeout(callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): number {
  const timer = ++lastTimer
  whenSettled(
    call('sleep', String(Number(ms) || 0)),
    () => {
      if (!cancelled.delete(timer)) callback(...args)
    },
    () => {},
  )
  return timer
}

function clearTimeout(timer: number): void {
  if (timer > 0 && timer <= lastTimer) cancelled.add(timer)
}
