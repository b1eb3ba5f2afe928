import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The output of a Python program, or why it could not run. */
export type PythonAnswer<Told> = { readonly name: string } & ({ readonly told: Told } | { readonly missing: string })

/**
 * Runs a program in CPython (`python3`, or the variable PYTHON), which prints one line of JSON. A program that lacks a
 * module prints `{"missing": "…"}`.
 *
 * @throws Error if the program fails
 */
export async function runPython<Told>(path: string, args: readonly (string | number)[]): Promise<PythonAnswer<Told>> {
  const python = process.env.PYTHON ?? 'python3'
  try {
    const { stdout } = await promisify(execFile)(python, [path, ...args.map(String)])
    const { version, missing, ...told } = JSON.parse(stdout) as { version: string; missing?: string } & Told
    const name = `CPython ${version}`
    return missing === undefined ? { name, told: told as Told } : { name, missing }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { name: 'CPython', missing: `no ${python} here` }
    throw error
  }
}
