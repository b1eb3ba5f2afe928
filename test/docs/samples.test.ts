import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kernelDeclarations } from '../../lib/bundle/kernel-declarations.ts'
import { readCPrototypes } from '../../lib/kernels/c/prototypes.ts'
import { createProgram } from '../../scripts/commands/program.ts'
import { ROOT, readSamples, type Sample, samplesIn } from '../support/samples.ts'

const samples = (await readSamples()).filter(({ unchecked }) => unchecked === undefined)
/** A program of the checkout, as commands name it. */
const FILE_OF_OURS = /(?<![\w/])(?:scripts|examples|bench|\.ci)\/[\w./-]+/g
const inLanguage = (...languages: string[]) => samples.filter(({ language }) => languages.includes(language))
const where = ({ doc, line }: Sample) => `${doc}:${line}`

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-samples-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('the samples of README.md and docs', () => {
  test('say what they are: commands stand in a fence named sh', () => {
    const commands = samples.filter(
      ({ language, text }) => language === '' && /^(lander|npm|npx|aws|bash) /m.test(text),
    )
    expect(commands.map(where)).toEqual([])
  })

  test('give a reason where they are not checked', async () => {
    const reasons = (await readSamples()).flatMap(({ unchecked, parsedOnly }) => unchecked ?? parsedOnly ?? [])
    expect(reasons.filter((reason) => reason.split(' ').length < 4)).toEqual([])
  })

  test('in TypeScript type-check against the package', { timeout: 120_000 }, async () => {
    await writeProject(inLanguage('ts', 'js', 'c'))
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', dir], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })

  test.each(inLanguage('json').map((sample) => [where(sample), sample.text]))('%s is JSON', (_where, text) => {
    for (const document of documentsIn(text)) JSON.parse(document)
  })

  test.each(inLanguage('sh').map((sample) => [where(sample), sample]))(
    '%s has commands that exist',
    async (_, sample) => {
      for (const [command, ...args] of commandsOf(sample)) await expectCommand(command!, args)
      for (const [path] of sample.text.matchAll(FILE_OF_OURS)) expect(existsSync(join(ROOT, path)), path).toBe(true)
    },
  )
})

describe('reading samples', () => {
  test('tells language, line and mark', () => {
    const markdown =
      'Do:\n\n<!-- file: a.ts -->\n```ts\nlet a = 1\n```\n<!-- unchecked: it is made up -->\n```sh\nfoo\n```\n'
    expect(samplesIn('x.md', markdown)).toEqual([
      { doc: 'x.md', line: 4, language: 'ts', text: 'let a = 1\n', file: 'a.ts' },
      { doc: 'x.md', line: 8, language: 'sh', text: 'foo\n', unchecked: 'it is made up' },
    ])
    expect(() => samplesIn('x.md', '```\nfoo')).toThrow('x.md:1')
  })

  test('finds the commands of a shell sample as a shell would', () => {
    const text = 'X=1\nlander run a.ts \\\n  --input \'{"a": 1}\' && npm test # at last\nls | lander gravity\n'
    expect(commandsOf({ doc: '', line: 1, language: 'sh', text })).toEqual([
      ['lander', 'run', 'a.ts', '--input', '{"a": 1}'],
      ['npm', 'test'],
      ['lander', 'gravity'],
    ])
  })

  test('refuses commands and options that are not there', async () => {
    await expect(expectCommand('lander', ['fly'])).rejects.toThrow()
    await expect(expectCommand('lander', ['run', 'a.ts', '--fast'])).rejects.toThrow()
    await expect(expectCommand('npm', ['run', 'fly'])).rejects.toThrow()
  })
})

/** Each page’s samples in a folder of their own, so that those with a name can import one another. */
async function writeProject(project: readonly Sample[]): Promise<void> {
  for (const { doc, line, language, text, file = `line-${line}.${language}` } of project) {
    const folder = join(dir, doc.replaceAll(/\W/g, '-'))
    await mkdir(folder, { recursive: true })
    const isolated = language === 'ts' && !/^(import|export) /m.test(text) ? `${text}export {}\n` : text
    await writeFile(join(folder, file), isolated)
    if (language === 'c') await writeFile(join(folder, file.replace(/c$/, 'd.c.ts')), declarationsOf(file, text))
  }
  await writeFile(join(dir, 'package.json'), '{"type":"module"}')
  const options = { noUnusedLocals: false, noUnusedParameters: false, typeRoots: [join(ROOT, 'node_modules/@types')] }
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: options, include: ['**/*.ts'] }
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(config))
}

/** What `lander pack --types` would write beside a kernel. */
function declarationsOf(file: string, text: string): string {
  const kernel = { name: 'kernel', file, binary: new Uint8Array(), source: { text, language: 'c' as const } }
  return kernelDeclarations({ ...kernel, ...readCPrototypes(text) })!.text
}

/** The documents of a block: one, or one a line. */
function documentsIn(text: string): string[] {
  const lines = text.trim().split('\n')
  return lines.every((line) => line.startsWith('{') && line.endsWith('}')) ? lines : [text]
}

/** What the shell would run, were there nothing but these commands. Files that it writes go into a folder of the test. */
function commandsOf({ text }: Sample): string[][] {
  const tell = (command: string) => `${command}() { printf '%s\\0' ${command} "$@" $'\\n' >&3; }`
  const stubs = ['lander', 'npm', 'npx'].map(tell).join('\n')
  const script = `${stubs}\ncommand_not_found_handle() { :; }\nPATH=\n${text}\n:`
  execFileSync('/bin/bash', ['-c', `exec 3> commands\n${script}`], { cwd: dir, stdio: 'ignore' })
  const told = execFileSync('cat', ['commands'], { cwd: dir, encoding: 'utf8' })
  return told.split('\0\n\0').flatMap((call) => (call === '' ? [] : [call.split('\0')]))
}

async function expectCommand(command: string, args: readonly string[]): Promise<void> {
  if (command === 'lander') return parseOnly(args)
  if (command === 'npm' && args[0] === 'run') expect(await scriptNames()).toContain(args[1])
}

async function scriptNames(): Promise<string[]> {
  return Object.keys(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).scripts)
}

/** Lets the CLI read its arguments, and do nothing. */
async function parseOnly(args: readonly string[]): Promise<void> {
  const program = await createProgram(args)
  for (const leaf of leavesOf(program)) leaf.action(() => undefined)
  await program.parseAsync(args, { from: 'user' })
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}
