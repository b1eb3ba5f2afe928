import { Command } from 'commander'
import { VERSION } from '../../lib/version.ts'
import { fleetCommand } from './fleet.ts'
import { gravityCommand } from './gravity.ts'
import { initCommand } from './init.ts'
import { inspectCommand } from './inspect.ts'
import { keygenCommand } from './keygen.ts'
import { localCommand } from './local.ts'
import { packCommand } from './pack.ts'
import { receiptCommand } from './receipt.ts'
import { runCommand } from './run.ts'
import { trustCommand } from './trust.ts'

/** The whole CLI, ready to parse. */
export function createProgram(): Command {
  const program = new Command('lander')
    .description('Moves code to data: signed agents land in the regions where your objects are.')
    .version(VERSION)
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  for (const command of [
    initCommand(),
    keygenCommand(),
    packCommand(),
    inspectCommand(),
    localCommand(),
    runCommand(),
    receiptCommand(),
    trustCommand(),
    fleetCommand(),
    gravityCommand(),
  ]) {
    program.addCommand(quietly(command))
  }
  return program
}

/** Errors are thrown to the one place that prints them, from every level of subcommands. */
function quietly(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {} })
  for (const child of command.commands) quietly(child)
  return command
}
