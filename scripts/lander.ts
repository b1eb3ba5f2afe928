#!/usr/bin/env node
import './terminal/quiet-sdk.ts'
import { CommanderError } from 'commander'
import { UsageError } from '../lib/errors.ts'
import { explainFileError } from '../lib/files/file-error.ts'
import { createProgram } from './commands/program.ts'
import { EXIT, printError } from './terminal/output.ts'

const wantsJson = process.argv.includes('--json')

try {
  const program = await createProgram(process.argv.slice(2))
  await program.parseAsync(process.argv)
} catch (error) {
  process.exitCode = hasPrintedHelp(error) ? helpExit(error) : printError(asUsage(error), wantsJson)
}

/** Commander throws after it printed `--help`, `--version`, or the help of a command that needs a subcommand. */
function hasPrintedHelp(error: unknown): error is CommanderError {
  return error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')
}

function helpExit({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.done : EXIT.usage
}

function asUsage(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return explainFileError(error)
  return new UsageError('USAGE', error.message.replace(/^error: /, ''), { remedy: 'see lander --help' })
}
