import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { fromWireError, KernelError } from '../errors.ts'
import type { KernelLibrary } from '../kernels/library.ts'
import { type CompileEvent, parseCompileAnswer } from '../kernels/wire.ts'

/** The compiler function of a region. */
export interface RemoteCompilerOptions {
  readonly client: LambdaClient
  readonly functionName: string
}

/** Has kernels compiled by a region's compiler function. */
export function createRemoteCompiler({ client, functionName }: RemoteCompilerOptions): KernelLibrary['binaryOf'] {
  return async (source, language) => {
    const event: CompileEvent = { lander: 1, source, language }
    const answer = parseCompileAnswer(await invoke(client, functionName, event))
    if ('error' in answer) throw fromWireError(answer.error)
    return Buffer.from(answer.binary, 'base64')
  }
}

async function invoke(client: LambdaClient, functionName: string, event: CompileEvent): Promise<unknown> {
  try {
    const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) })
    const { Payload, FunctionError } = await client.send(command)
    if (FunctionError === undefined && Payload) return JSON.parse(Buffer.from(Payload).toString('utf8'))
  } catch (cause) {
    throw unreachable(functionName, cause)
  }
  throw unreachable(functionName)
}

function unreachable(functionName: string, cause?: unknown): KernelError {
  return new KernelError('KERNEL_UNREACHABLE', `the compiler function "${functionName}" did not answer`, {
    remedy: 'send kernels as binaries (lander pack --kernels binary), or have the operator look at its log',
    ...(cause !== undefined && { cause }),
  })
}
