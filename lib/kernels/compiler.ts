import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fromWireError, KernelError } from '../errors.ts'
import type { CompiledKernel, CompileReply, CompileRequest } from './compile-request.ts'
import { type KernelLanguage, MAX_SOURCE_BYTES } from './language.ts'
import { checkStructure } from './structure.ts'

/** Compiles sources to the binaries of kernels. */
export interface KernelCompiler {
  /**
   * Compiles a source. The same source gives the same bytes. The binary has passed the structure check.
   *
   * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's message, `KERNEL_TIMEOUT`, `KERNEL_MALFORMED`
   */
  compile(source: string, language: KernelLanguage): Promise<CompiledKernel>
  close(): void
}

export interface KernelCompilerOptions {
  /** The folder that `buildCompilerAsset` has written. */
  readonly assets: string
  /** How long one compile may take, in milliseconds. Then its process is killed. @default 20,000 */
  readonly deadlineMs?: number
}

/** The limit of the compiler's JavaScript heap in MiB. */
const HEAP_MB = 1024
/** The longest message of the compiler, in code units. */
const MAX_MESSAGE = 4096

interface Waiting {
  readonly request: CompileRequest
  resolve(compiled: CompiledKernel): void
  reject(error: Error): void
}

/** A compiler in a child process, which starts on first use, stays warm, and never keeps this process alive. */
export function createKernelCompiler({ assets, deadlineMs = 20_000 }: KernelCompilerOptions): KernelCompiler {
  const waiting: Waiting[] = []
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let nextId = 0

  function start(): ChildProcess {
    const started = fork(join(assets, 'compiler.mjs'), {
      env: {},
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    started.on('message', (reply: CompileReply) => {
      if (reply.id === waiting[0]?.request.id) settle(reply)
    })
    started.once('error', () => lose(started, crashed()))
    started.once('exit', () => lose(started, crashed()))
    return started
  }
  /** Sends one request at a time, so that each has its full deadline. */
  function work(): void {
    const [first] = waiting
    if (first === undefined || timer !== undefined) return
    child ??= start()
    holdAlive(child, true)
    timer = setTimeout(() => child && lose(child, tookTooLong(deadlineMs)), deadlineMs)
    child.send(first.request)
  }
  function next(): Waiting | undefined {
    clearTimeout(timer)
    timer = undefined
    if (child && waiting.length <= 1) holdAlive(child, false)
    return waiting.shift()
  }
  function settle(reply: CompileReply): void {
    const served = next()
    if ('error' in reply) served?.reject(fromWireError(reply.error))
    else served?.resolve(reply.compiled)
    work()
  }
  /** Ends a process. Its current request fails; the others continue in a new process. */
  function lose(lost: ChildProcess, error: KernelError): void {
    if (lost !== child) return
    child = undefined
    lost.kill('SIGKILL')
    if (timer !== undefined) next()?.reject(error)
    work()
  }
  function ask(request: Omit<CompileRequest, 'id'>): Promise<CompiledKernel> {
    return new Promise((resolve, reject) => {
      waiting.push({ request: { id: nextId++, ...request }, resolve, reject })
      work()
    })
  }

  return {
    async compile(source, language) {
      requireSource(source)
      const compiled = await ask({ source, language }).catch((error: Error) => {
        throw shortened(error)
      })
      checkStructure(compiled.binary)
      return compiled
    },
    close() {
      const others = waiting.splice(1)
      if (child) lose(child, crashed())
      for (const { reject } of others) reject(crashed())
    },
  }
}

/** @throws KernelError `KERNEL_COMPILE_FAILED` for a source that is too large */
export function requireSource(source: string): void {
  const bytes = Buffer.byteLength(source)
  if (bytes > MAX_SOURCE_BYTES)
    throw new KernelError('KERNEL_COMPILE_FAILED', `the source has ${bytes} bytes, more than ${MAX_SOURCE_BYTES}`)
}

const SMALLER = { remedy: 'make the source smaller, above all the expansions of its macros and types' }

const crashed = () =>
  new KernelError('KERNEL_COMPILE_FAILED', 'the compiler has crashed, most likely for lack of memory', SMALLER)

const tookTooLong = (deadlineMs: number) =>
  new KernelError('KERNEL_TIMEOUT', `compiling took more than ${deadlineMs} ms and was stopped`, SMALLER)

function shortened(error: Error): Error {
  if (!(error instanceof KernelError) || error.message.length <= MAX_MESSAGE) return error
  const details = error.remedy === undefined ? {} : { remedy: error.remedy }
  return new KernelError(error.code, `${error.message.slice(0, MAX_MESSAGE)}…`, details)
}

/** Whether the child keeps this process alive: only while it is busy. */
function holdAlive(child: ChildProcess, busy: boolean): void {
  if (busy) child.ref()
  else child.unref()
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined
  if (busy) channel?.ref()
  else channel?.unref()
}
