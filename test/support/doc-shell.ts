import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './samples.ts'

const execute = promisify(execFile)

/** A folder that is not the checkout, and a shell in it, as a reader of a page has them. */
export interface DocShell extends AsyncDisposable {
  readonly dir: string
  /** Runs lines of the page, with `lander` as the page defines it. Gives what went to stdout. */
  run(lines: string): Promise<string>
  /** Writes a file beside. */
  save(name: string, text: string): Promise<void>
}

/** Opens a shell for a page that has an `alias lander=…`. Its clouds are its own, and end with it. */
export async function openDocShell(page: string): Promise<DocShell> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-doc-'))
  const alias = /^alias lander="(.*)"$/m.exec(page)?.[1]?.replaceAll('$PWD', ROOT.replace(/\/$/, ''))
  const env = { ...process.env, LANDER_HOME: join(dir, 'client'), NO_COLOR: '1' }
  const run = async (lines: string) => {
    // Any port, since another cloud may have the usual one.
    const script = `lander() { ${alias} "$@"; }\nset -e\n${lines.replaceAll('local up', 'local up --port 0')}`
    return (await execute('bash', ['-c', script], { cwd: dir, env })).stdout
  }
  return {
    dir,
    run,
    save: (name, text) => writeFile(join(dir, name), text),
    async [Symbol.asyncDispose]() {
      await run('lander local down').catch(() => undefined)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
