/** Why something that the guest asked for can't be done, as it travels to the guest. */
export interface Fault {
  readonly code: string
  readonly message: string
}

/** An error that the author can read, whichever bundle's class it is of; any other says that the kernel can't be called. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: 'KERNEL_UNKNOWN', message: 'the kernel can not be called' }
  const { code = 'KERNEL_UNKNOWN', message, remedy } = error as Error & { code?: string; remedy?: string }
  return { code, message: remedy === undefined ? message : `${message}; ${remedy}` }
}

/** Whether it is about a kernel. */
export function isKernelError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('KERNEL_')
}
