/** Why a request of the guest failed, as it is sent to the guest. */
export interface Fault {
  readonly code: string
  readonly message: string
}

/**
 * The fault of a kernel call. Recognises errors by their code, because each esbuild bundle has its own error classes.
 */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: 'KERNEL_UNKNOWN', message: 'the kernel can not be called' }
  const { code = 'KERNEL_UNKNOWN', message, remedy } = error as Error & { code?: string; remedy?: string }
  return { code, message: remedy === undefined ? message : `${message}; ${remedy}` }
}

/** Whether an error has the code of a kernel error. */
export function isKernelError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('KERNEL_')
}
