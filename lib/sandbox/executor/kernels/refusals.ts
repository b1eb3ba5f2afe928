/** The errors for what a place refuses to do with kernels. */
import { KernelError } from '../../../errors.ts'
import type { KernelSource } from '../../wire/kernel-source.ts'

export function notYet(name: string): KernelError {
  const remedy = 'call it inside the function you give to agent()'
  return new KernelError('KERNEL_UNKNOWN', `the kernel ${name} is not linked yet`, { remedy })
}

export function notAllowed({ from }: KernelSource): KernelError {
  const what = from === 'source' ? 'source that is made at run time' : 'a binary that is not in the bundle'
  const remedy =
    'pack it with --compiles; or import the kernel from a file, or give defc() literals only, to have it packed'
  return new KernelError('KERNEL_NOT_ALLOWED', `this bundle may not run ${what}`, { remedy })
}

export function tooManyPages(initial: number, left: number): KernelError {
  const fact = `the kernel begins with ${initial} pages of memory; ${Math.max(0, left)} are left`
  return new KernelError('KERNEL_MEMORY', fact, { remedy: 'raise memoryPages, or let the kernel keep less' })
}

export function tooLong(bytes: number, most: number): KernelError {
  const remedy = 'split it, or read its tables from an object'
  return new KernelError('KERNEL_TOO_LARGE', `the source has ${bytes} bytes; a place compiles ${most}`, { remedy })
}

export function tooMany(what: string, most: number): KernelError {
  return new KernelError('KERNEL_TOO_LARGE', `an agent has at most ${most} ${what}`)
}
