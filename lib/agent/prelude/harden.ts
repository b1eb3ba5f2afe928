/** Takes away what an agent has no use for, and locks what results depend on. Runs before the author's code. */
import { defineProperty, ErrorClass, freeze, getPrototypeOf } from './captured.ts'

const globals = globalThis as unknown as Record<string, unknown>

/** Shared memory is a clock, and the one thing that could be changed from outside while the agent runs. */
export function removeSharedMemory(): void {
  delete globals.SharedArrayBuffer
  delete globals.Atomics
}

/** Code that was not in the signed bundle must not come to life: not by `eval`, not by a function's constructor. */
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

/** Namespaces that results and runs depend on. Prototypes stay open: packages assign to objects that inherit from them. */
export function lockNamespaces(): void {
  for (const namespace of [JSON, Math, Reflect]) freeze(namespace)
}

/** Stands in for a constructor, so `instanceof Function` still works. */
function refusing(prototype: object): unknown {
  function compile(): never {
    throw new ErrorClass('code can not be compiled at run time here: `eval` and `new Function` are not there')
  }
  compile.prototype = prototype
  return compile
}
