import type { KernelFunctions } from '../kernel-types.ts'
import { type CallReply, call } from './calls.ts'
import { stringify } from './captured.ts'
import { functionsOf } from './kernel-calls.ts'

/**
 * Returns the functions of a kernel of the bundle. The packer writes calls of it in place of
 * `import { scan } from './scan.c'`. Only the module inside a place exports it, because authors must not call it: the
 * functions work only after the agent has been called, and a later call has no effect.
 */
export function bundledKernel<const P extends Readonly<Record<string, string>>>(
  name: string,
  prototypes: P,
): KernelFunctions<P> {
  const request = stringify({ title: `import ${name}`, source: { from: 'bundle', name }, prototypes })
  return functionsOf(call('import-kernel', request) as CallReply) as KernelFunctions<P>
}
