import { rename, writeFile } from 'node:fs/promises'

/** Writes a file that only its owner may read. Readers see the old text or the new one, never half of it. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
