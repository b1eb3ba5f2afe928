/** Builds WebAssembly modules by hand, so that a test can make one specific mistake. */

/** A section of a module. */
export type Section = readonly [id: number, contents: readonly number[]]

export const leb = (value: number): number[] => {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}
export const named = (text: string): number[] => [...leb(text.length), ...Buffer.from(text)]
export const vector = (...items: readonly (readonly number[])[]): number[] => [...leb(items.length), ...items.flat()]

export const I32 = 0x7f
/** `(i32) → i32` */
export const TYPES: Section = [1, vector([0x60, 1, I32, 1, I32])]
export const FUNCTIONS: Section = [3, vector([0])]
export const MEMORY: Section = [5, vector([1, 1, 16])]
export const EXPORTS: Section = [7, vector([...named('memory'), 2, 0], [...named('same'), 0, 0])]
/** Returns its argument. */
export const CODE: Section = [10, vector([4, 0, 0x20, 0, 0x0b])]

/** A valid module. */
export const PLAIN: readonly Section[] = [TYPES, FUNCTIONS, MEMORY, EXPORTS, CODE]

export function wasmModule(sections: readonly Section[] = PLAIN): Uint8Array {
  const body = sections.flatMap(([id, contents]) => [id, ...leb(contents.length), ...contents])
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...body])
}

/** The valid module with some sections replaced or added. */
export function wasmWith(...changes: readonly Section[]): Uint8Array {
  const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]
  const all = new Map([...PLAIN, ...changes])
  return wasmModule([...all].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)))
}
