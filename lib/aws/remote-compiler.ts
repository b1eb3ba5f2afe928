import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { fromWireError, KernelError } from '../errors.ts'
import { FORMAT_VERSION } from '../format-version.ts'
import type { KernelLibrary } from '../kernels/library.ts'
import { type CompileEvent, parseCompileAnswer } from '../kernels/wire.ts'

/** Where the compiler function of a region is. */
export interface RemoteCompilerOptions {
  readonly region: string
  readonly functionName: string
}

/** A library of kernels that invokes a region's compiler function to compile them. */
export function createRemoteCompiler({ region, functionName }: RemoteCompilerOptions): KernelLibrary['binaryOf'] {
  const client = new LambdaClient({ region })
  return async (source, language) => {
    const event: CompileEvent = { lander: FORMAT_VERSION, source, language }
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
    remedy: 'pack kernels as binaries (lander pack --kernels binary), or ask the operator to read its log',
    ...(cause !== undefined && { cause }),
  })
}
