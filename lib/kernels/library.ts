import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AgentBucket, kernelKey } from '../objects/agent-bucket.ts'
import type { KernelLanguage } from './language.ts'
import { checkStructure, MAX_MODULE_BYTES } from './structure.ts'
import { kernelDigest } from './toolchain.ts'

/** Provides the binaries of sources and compiles each source at most once. */
export interface KernelLibrary {
  /** @throws KernelError `KERNEL_COMPILE_FAILED`, `KERNEL_TIMEOUT`, `KERNEL_MALFORMED`, `KERNEL_UNREACHABLE` */
  binaryOf(source: string, language: KernelLanguage): Promise<Uint8Array>
}

export interface KernelLibraryOptions {
  readonly compile: KernelLibrary['binaryOf']
  /** The agent bucket, which stores compiled binaries for all functions of the region. @default none */
  readonly agents?: Pick<AgentBucket, 'get'>
  /** A local folder that stores compiled binaries. @default none */
  readonly folder?: string
  /** How many binaries are cached in memory. @default 64 */
  readonly inMemory?: number
}

/** The most files in the folder, so that it never fills the disk. */
const MAX_FILES = 256

/**
 * Looks for the binary of a source in memory, in the folder and in the agent bucket, and compiles the source if there
 * is none. Concurrent requests for the same source share one compile. Binaries from outside of this process must pass
 * the structure check like any other.
 */
export function createKernelLibrary(options: KernelLibraryOptions): KernelLibrary {
  const { compile, agents, folder, inMemory = 64 } = options
  const known = new Map<string, Promise<Uint8Array>>()

  async function find(digest: string, source: string, language: KernelLanguage): Promise<Uint8Array> {
    const onDisk = folder && (await readKept(join(folder, `${digest}.wasm`)))
    if (onDisk) return onDisk
    const found = await agents?.get(kernelKey(digest), MAX_MODULE_BYTES)
    const binary = found ?? (await compile(source, language))
    checkStructure(binary)
    if (folder) await keep(folder, digest, binary)
    return binary
  }
  function remember(digest: string, binary: Promise<Uint8Array>): void {
    // Least recently used first.
    known.delete(digest)
    known.set(digest, binary)
    const [oldest] = known.keys()
    if (known.size > inMemory && oldest !== undefined) known.delete(oldest)
    // A failed compile is retried on the next request.
    binary.catch(() => known.get(digest) === binary && known.delete(digest))
  }

  return {
    binaryOf(source, language) {
      const digest = kernelDigest(source, language)
      const binary = known.get(digest) ?? find(digest, source, language)
      remember(digest, binary)
      return binary
    },
  }
}

/** Reads a stored binary; `undefined` if it is missing or invalid. */
async function readKept(path: string): Promise<Uint8Array | undefined> {
  try {
    const binary = new Uint8Array(await readFile(path))
    checkStructure(binary)
    return binary
  } catch {
    return undefined
  }
}

/**
 * Stores a binary atomically, since others may be reading. A failure is ignored: the source is compiled again later.
 */
async function keep(folder: string, digest: string, binary: Uint8Array): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length >= MAX_FILES) return
    const partial = join(folder, `${digest}.${process.pid}`)
    await writeFile(partial, binary)
    await rename(partial, join(folder, `${digest}.wasm`))
  } catch {}
}
