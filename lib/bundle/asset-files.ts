import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const RUNS_FROM_SOURCE: boolean = import.meta.url.endsWith('.ts')

/** The root of the package: the checkout, or the installed package if this file runs from `dist/`. */
export const ROOT: string = fileURLToPath(new URL(RUNS_FROM_SOURCE ? '../../' : '../../../', import.meta.url))

/** Lander's folder in the user's cache: https://specifications.freedesktop.org/basedir-spec/latest/ */
export function userCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lander')
}

/** A module of this library: TypeScript in a checkout, JavaScript in an installed package. */
export function moduleFile(path: string): string {
  return fileURLToPath(new URL(`../${path}.${RUNS_FROM_SOURCE ? 'ts' : 'js'}`, import.meta.url))
}

/** Whether a built file is missing, or older than the sources it was built from. */
export async function isStale(file: string): Promise<boolean> {
  const built = await modified(file)
  if (built === 0) return true
  const sources = ['lib', 'functions'].map((room) => join(ROOT, room))
  const newest = await Promise.all([...sources.map(newestBelow), modified(join(ROOT, 'package-lock.json'))])
  return Math.max(...newest) > built
}

async function newestBelow(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true })
  const times = files.filter((file) => file.isFile()).map((file) => modified(join(file.parentPath, file.name)))
  return Math.max(0, ...(await Promise.all(times)))
}

async function modified(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.mtimeMs,
    () => 0,
  )
}
