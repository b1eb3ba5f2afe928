/** The part of the WebAssembly API that the sandbox uses: the types of Node 20 don't include it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): { readonly name: string; readonly kind: string }[]
  }
  class Instance {
    constructor(module: Module, imports?: object)
    readonly exports: Record<string, unknown>
  }
  function validate(bytes: Uint8Array): boolean
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
}
