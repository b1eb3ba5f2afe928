import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AgentBucket, kernelKey } from '../objects/agent-bucket.ts'
import type { KernelLanguage } from './language.ts'
import { checkStructure, MAX_MODULE_BYTES } from './structure.ts'
import { kernelDigest } from './toolchain.ts'

/** Gives the binaries of sources, compiling each at most once. */
export interface KernelLibrary {
  /** @throws KernelError `KERNEL_COMPILE_FAILED`, `KERNEL_TIMEOUT`, `KERNEL_MALFORMED`, `KERNEL_UNREACHABLE` */
  binaryOf(source: string, language: KernelLanguage): Promise<Uint8Array>
}

export interface KernelLibraryOptions {
  readonly compile: KernelLibrary['binaryOf']
  /** Where binaries wait that were compiled before, for every function of the region. @default none */
  readonly agents?: Pick<AgentBucket, 'get'>
  /** A folder of this machine for them. @default none */
  readonly folder?: string
  /** Binaries kept in memory. @default 64 */
  readonly inMemory?: number
}

/** Files in the folder; more are not kept, so that it never fills the disk. */
const MAX_FILES = 256

/**
 * Looks a source up in memory, in the folder and in the agent bucket, and has it compiled when it is in none of them.
 * Those who ask for the same source at the same time wait for the same answer. What comes from outside of this process
 * is held against the rules for binaries like any other.
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
    // The one that was asked for last goes last.
    known.delete(digest)
    known.set(digest, binary)
    const [oldest] = known.keys()
    if (known.size > inMemory && oldest !== undefined) known.delete(oldest)
    // What failed is tried again.
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

/** A file that is not there, or not what it should be, is none. */
async function readKept(path: string): Promise<Uint8Array | undefined> {
  try {
    const binary = new Uint8Array(await readFile(path))
    checkStructure(binary)
    return binary
  } catch {
    return undefined
  }
}

/** Others may be reading, so it is there whole or not at all. Where it can't be kept, it is compiled again one day. */
async function keep(folder: string, digest: string, binary: Uint8Array): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length >= MAX_FILES) return
    const partial = join(folder, `${digest}.${process.pid}`)
    await writeFile(partial, binary)
    await rename(partial, join(folder, `${digest}.wasm`))
  } catch {}
}
