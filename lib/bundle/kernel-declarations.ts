import type { PackedKernel } from './packed-kernel.ts'

/** A declaration file, which tells editors what a kernel's file exports. */
export interface Declarations {
  /**
   * The path from the agent's folder. TypeScript's `allowArbitraryExtensions` looks for `scan.d.c.ts` beside `scan.c`.
   */
  readonly file: string
  readonly text: string
}

/**
 * The declarations of a kernel that was imported from a `.c` or `.wasm` file. AssemblyScript needs none: editors read
 * it as TypeScript, with the types in `assemblyscript/std/types/portable`.
 */
export function kernelDeclarations({ file, source, prototypes }: PackedKernel): Declarations | undefined {
  const [, stem, extension] = /^(.*)\.(c|wasm)$/.exec(file ?? '') ?? []
  if (stem === undefined) return undefined
  const lines = source ? functionLines(prototypes ?? new Map()) : BINARY
  const text = `// Written by lander pack --types, from ${file!.split('/').at(-1)}.\n${lines.join('\n')}\n`
  return { file: `${stem}.d.${extension}.ts`, text }
}

function functionLines(prototypes: ReadonlyMap<string, string>): string[] {
  const lines = [...prototypes].map(([name, text]) => `export declare const ${name}: KernelFunction<'${text}'>`)
  return ["import type { KernelFunction } from 'lander/agent'", '', ...lines]
}

const BINARY = [
  "import type { BundledKernel } from 'lander/agent'",
  '',
  'declare const kernel: BundledKernel',
  'export default kernel',
]
