import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { VERSION } from '../../lib/version.ts'
import { programFile } from './programs.ts'
import { ROOT } from './samples.ts'

const execute = promisify(execFile)

/** What pages call `lander` in a checkout. */
const ALIAS = 'alias lander="$PWD/node_modules/.bin/tsx $PWD/scripts/lander.ts"'

/** A folder that is not the checkout, and a shell in it, as a reader of a page has them. */
export interface DocShell extends AsyncDisposable {
  readonly dir: string
  /** Runs lines of the page. Gives what went to stdout. */
  run(lines: string): Promise<string>
  /** Writes a file into the folder. */
  save(name: string, text: string): Promise<void>
}

/**
 * Opens a shell for a page that defines `lander` as an alias. The shell first runs `lander --version` as the page
 * defines it. After that it starts the same program from its bundle, which is quicker. The shell ends its own clouds.
 */
export async function openDocShell(page: string): Promise<DocShell> {
  const dir = await mkdtemp(join(tmpdir(), 'lander-doc-'))
  const env = { ...process.env, LANDER_HOME: join(dir, 'home'), NO_COLOR: '1' }
  await tryAlias(page, env)
  const program = `'${process.execPath}' '${programFile('scripts/lander.ts')}'`
  const run = async (lines: string) => {
    // Any port, since another cloud may have the usual one.
    const script = `lander() { ${program} "$@"; }\nset -e\n${lines.replaceAll('local up', 'local up --port 0')}`
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

/** Runs the page's own line in the checkout. Throws unless it defines `lander`, and `lander` starts. */
async function tryAlias(page: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!page.split('\n').includes(ALIAS)) throw new Error(`the page has no line ${ALIAS}`)
  const script = `shopt -s expand_aliases\n${ALIAS}\ncd /\nlander --version`
  const { stdout } = await execute('bash', ['-c', script], { cwd: ROOT, env })
  if (stdout !== `${VERSION}\n`) throw new Error(`lander --version printed ${stdout}`)
}
