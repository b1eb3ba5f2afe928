import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fromWireError, KernelError } from '../errors.ts'
import type { CompiledKernel, CompileReply, CompileRequest } from './compile-request.ts'
import { type KernelLanguage, MAX_SOURCE_BYTES } from './language.ts'
import { checkStructure } from './structure.ts'

/** Turns source into a kernel's binary. */
export interface KernelCompiler {
  /**
   * The same source gives the same bytes. What it gives has passed the structure check.
   *
   * @throws KernelError `KERNEL_COMPILE_FAILED` with the compiler's own message, `KERNEL_TIMEOUT`, `KERNEL_MALFORMED`
   */
  compile(source: string, language: KernelLanguage): Promise<CompiledKernel>
  close(): void
}

export interface KernelCompilerOptions {
  /** The folder that `buildCompilerAsset` made. */
  readonly assets: string
  /** What one compile may take, in milliseconds; then its process is killed. @default 20,000 */
  readonly deadlineMs?: number
}

/** The compiler's heap in MiB, beside the memory of the compilers' own modules. */
const HEAP_MB = 1024
/** What its message is cut to. */
const MAX_MESSAGE = 4096

interface Waiting {
  readonly request: CompileRequest
  resolve(compiled: CompiledKernel): void
  reject(error: Error): void
}

/** A compiler in a process of its own, which starts at the first use, stays warm, and never keeps this one alive. */
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
    started.once('error', () => lose(started, gaveUp()))
    started.once('exit', () => lose(started, gaveUp()))
    return started
  }
  /** One request at a time, so that each has its deadline for itself. */
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
  /** The process is gone, or is to go: the one it worked on fails, and the others get a new one. */
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
      if (child) lose(child, gaveUp())
      for (const { reject } of others) reject(gaveUp())
    },
  }
}

/** @throws KernelError `KERNEL_COMPILE_FAILED` for more source than a kernel can have. */
export function requireSource(source: string): void {
  const bytes = Buffer.byteLength(source)
  if (bytes > MAX_SOURCE_BYTES)
    throw new KernelError('KERNEL_COMPILE_FAILED', `the source has ${bytes} bytes, more than ${MAX_SOURCE_BYTES}`)
}

const SMALLER = { remedy: 'make the source smaller, above all what its macros or types come to' }

const gaveUp = () =>
  new KernelError('KERNEL_COMPILE_FAILED', 'the compiler gave up, most likely for lack of memory', SMALLER)

const tookTooLong = (deadlineMs: number) =>
  new KernelError('KERNEL_TIMEOUT', `compiling took more than ${deadlineMs} ms and was ended`, SMALLER)

function shortened(error: Error): Error {
  if (!(error instanceof KernelError) || error.message.length <= MAX_MESSAGE) return error
  const details = error.remedy === undefined ? {} : { remedy: error.remedy }
  return new KernelError(error.code, `${error.message.slice(0, MAX_MESSAGE)}…`, details)
}

/** A child that has nothing to do lets this process end. */
function holdAlive(child: ChildProcess, busy: boolean): void {
  if (busy) child.ref()
  else child.unref()
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined
  if (busy) channel?.ref()
  else channel?.unref()
}
