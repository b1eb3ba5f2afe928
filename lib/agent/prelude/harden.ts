/**
 * Removes globals that an agent must not have and freezes those that results depend on. Runs before the author's code.
 */
import { defineProperty, ErrorClass, freeze, getPrototypeOf } from './captured.ts'

const globals = globalThis as unknown as Record<string, unknown>

/** Shared memory can serve as a clock, and it is the only memory that others could change while the agent runs. */
export function removeSharedMemory(): void {
  delete globals.SharedArrayBuffer
  delete globals.Atomics
}

/** Only code of the signed bundle may run: no `eval`, and no constructor of a function. */
export function removeCompilers(): void {
  delete globals.eval
  const samples = [() => {}, async () => {}, function* () {}, async function* () {}]
  for (const sample of samples) {
    const prototype = getPrototypeOf(sample)
    const refusal = refusing(prototype)
    defineProperty(prototype, 'constructor', { value: refusal, writable: false, configurable: false })
    if (sample === samples[0])
      defineProperty(globals, 'Function', { value: refusal, writable: true, configurable: true })
  }
}

/** Freezes namespaces. Prototypes are not frozen, because npm packages assign to objects that inherit from them. */
export function lockNamespaces(): void {
  for (const namespace of [JSON, Math, Reflect]) freeze(namespace)
}

/** Replaces a constructor with one that throws. `instanceof Function` still works. */
function refusing(prototype: object): unknown {
  function compile(): never {
    throw new ErrorClass(
      'code can not be compiled at run time; pack the agent with --compiles to have `eval` and `new Function`',
    )
  }
  compile.prototype = prototype
  return compile
}
