/** Writes the pages of docs/ that are made from code: `npm run docs:cli`. A test fails when one of them is stale. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Each generated page, as it should be. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  // Some defaults depend on what this user's folder holds; the pages show those of a new user.
  process.env.LANDER_HOME = join(tmpdir(), 'lander-docs-pages')
  const [{ createProgram }, { cliPage }, { limitsPage }] = await Promise.all([
    import('./commands/program.ts'),
    import('./documentation/cli-page.ts'),
    import('./documentation/limits-page.ts'),
  ])
  return new Map([
    ['docs/cli.md', cliPage(await createProgram(['--help']))],
    ['docs/limits.md', await limitsPage()],
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [page, text] of await generatedPages())
    await writeFile(fileURLToPath(new URL(`../${page}`, import.meta.url)), text)
}
