/** Sizes that are watched: what they are, and which differ from the stored ones by more than they may. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes by what they are of. */
export type Sizes = Readonly<Record<string, number>>

/** How far a size may be from the stored one, as a share of that. */
export const TOLERANCE = 0.02

/**
 * What is wrong with the sizes, a line for each that differs. Smaller counts too: else the next growth up to the stored
 * figure would go unseen.
 */
export function explainChanges(stored: Sizes, measured: Sizes, tolerance = TOLERANCE): string[] {
  const names = [...new Set([...Object.keys(stored), ...Object.keys(measured)])]
  return names.flatMap((name) => {
    const [before, now] = [stored[name], measured[name]]
    if (before === undefined) return [`${name} has ${now} bytes, and no stored size`]
    if (now === undefined) return [`${name} has a stored size, and is not there any more`]
    if (Math.abs(now - before) <= tolerance * before) return []
    const percent = `${now > before ? '+' : ''}${(100 * (now / before - 1)).toFixed(1)} %`
    return [`${name} has ${now} bytes, and ${before} are stored: ${percent}, of ±${100 * tolerance} % that are allowed`]
  })
}

/** Bytes of all files below a folder whose names pass. */
export async function bytesBelow(dir: string, passes: (name: string) => boolean = () => true): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && passes(entry.name))
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
