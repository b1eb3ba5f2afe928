/** Measures sizes and compares them with stored ones. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Sizes in bytes, by what was measured. */
export type Sizes = Readonly<Record<string, number>>

/** The largest allowed change of a size, as a share of the stored size. */
export const TOLERANCE = 0.02

/**
 * One line for each size that changed by more than the tolerance. A smaller size counts too; otherwise a later growth up
 * to the stored size would not be noticed.
 */
export function explainChanges(stored: Sizes, measured: Sizes, tolerance = TOLERANCE): string[] {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(measured)])]
  return names.flatMap((name) => {
    const [before, now] = [stored[name], measured[name]]
    if (before === undefined) return [`${name} has ${now} bytes, and no stored size`]
    if (now === undefined) return [`${name} has a stored size, but was not measured`]
    if (Math.abs(now - before) <= tolerance * before) return []
    const percent = `${now > before ? '+' : ''}${(100 * (now / before - 1)).toFixed(1)} %`
    return [`${name} has ${now} bytes; the stored size is ${before}: ${percent}, and ±${100 * tolerance} % are allowed`]
  })
}

/** The bytes of all files below a folder whose names pass the filter. */
export async function bytesBelow(dir: string, passes: (name: string) => boolean = () => true): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && passes(entry.name))
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
