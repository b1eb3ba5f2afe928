import { kernelOf } from '../bundle/manifest.ts'
import { equalBytes, fromUtf8 } from '../encoding/bytes.ts'
import { KernelError, RefusedError } from '../errors.ts'
import { type KernelLanguage, languageOf } from '../kernels/language.ts'
import type { KernelLibrary } from '../kernels/library.ts'
import type { KernelSupply } from '../sandbox/contract/job.ts'
import type { VerifiedBundle } from '../trust/verified-bundle.ts'

/** The kernels of one run. */
export interface PreparedKernels extends KernelSupply {
  /**
   * Resolves once every kernel that came as source and binary is known to match: the source compiles to the binary.
   *
   * @throws RefusedError `KERNEL_MISMATCH`
   */
  agree(): Promise<void>
}

/**
 * Starts to compile the kernels of a bundle that came as source.
 *
 * @param library compiles sources. Without it, only binaries in the bundle can run
 */
export function prepareKernels(bundle: VerifiedBundle, library: KernelLibrary | undefined): PreparedKernels {
  const sources = new Map(sourcesOf(bundle))
  const binaries = new Map([...sources].map(([name, { source, language }]) => [name, compile(source, language)]))
  // A failure is reported when the kernel is asked for, which may never happen.
  for (const binary of binaries.values()) binary.catch(() => {})

  async function compile(source: string, language: KernelLanguage): Promise<Uint8Array> {
    if (library !== undefined) return library.binaryOf(source, language)
    throw new KernelError('KERNEL_UNREACHABLE', 'this place has no compiler', {
      remedy: 'send kernels as binaries: lander pack --kernels binary',
    })
  }
  return {
    async byName(name) {
      const binary = bundle.parts.get(`${name}.wasm`) ?? (await binaries.get(name))
      if (binary !== undefined) return binary
      throw new KernelError('KERNEL_UNKNOWN', `the bundle has no kernel "${name}"`)
    },
    async compile(source, language) {
      if (bundle.manifest.compiles) return compile(source, language)
      throw new KernelError('KERNEL_NOT_ALLOWED', 'the manifest does not allow compiling source at run time', {
        remedy:
          'pack it with --compiles, and have the operator grant that to the key; or write the source as a literal',
      })
    },
    async agree() {
      for (const [name, compiled] of binaries) {
        const sent = bundle.parts.get(`${name}.wasm`)
        if (sent !== undefined && !equalBytes(sent, await compiled))
          throw new RefusedError('KERNEL_MISMATCH', `kernel "${name}" is not what its source compiles to`)
      }
    },
  }
}

interface Source {
  readonly source: string
  readonly language: KernelLanguage
}

/** The kernels that came as source, by the name that a source shares with its binary. */
function sourcesOf({ manifest, parts }: VerifiedBundle): [name: string, Source][] {
  return manifest.entries.flatMap(({ name, role }) => {
    const language = role === 'kernel-source' ? languageOf(name) : undefined
    if (language === undefined) return []
    return [[kernelOf(name), { source: fromUtf8(parts.get(name)!), language }] as const satisfies [string, Source]]
  })
}
