import { rename, writeFile } from 'node:fs/promises'

/** Writes a file with mode 0600. A reader gets the old text or the new one, never a part. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
