import { Command } from 'commander'
import { VERSION } from '../../lib/version.ts'

/** Every command, loaded when it is asked for: each brings clients and libraries that the others need not wait for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init-command.ts')).initCommand(),
  keygen: async () => (await import('./keygen-command.ts')).keygenCommand(),
  pack: async () => (await import('./pack-command.ts')).packCommand(),
  inspect: async () => (await import('./inspect-command.ts')).inspectCommand(),
  local: async () => (await import('./local-command.ts')).localCommand(),
  plan: async () => (await import('./plan-command.ts')).planCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  status: async () => (await import('./mission-command.ts')).statusCommand(),
  result: async () => (await import('./mission-command.ts')).resultCommand(),
  cancel: async () => (await import('./mission-command.ts')).cancelCommand(),
  receipt: async () => (await import('./receipt-command.ts')).receiptCommand(),
  trust: async () => (await import('./trust-command.ts')).trustCommand(),
  fleet: async () => (await import('./fleet-command.ts')).fleetCommand(),
  gravity: async () => (await import('./gravity-command.ts')).gravityCommand(),
  prices: async () => (await import('./prices-command.ts')).pricesCommand(),
}

/**
 * The CLI, ready to parse `args`. Only the command they name is loaded; all of them for the help, and for a word that
 * is none, so that suggestions can be made.
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('lander')
    .description('Moves code to data: signed agents land in the regions where your objects are.')
    .version(VERSION)
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  for (const load of neededCommands(args)) program.addCommand(quietly(await load()))
  return program
}

function neededCommands([word = '']: readonly string[]): readonly (() => Promise<Command>)[] {
  if (word === '--version' || word === '-V') return []
  return Object.hasOwn(COMMANDS, word) ? [COMMANDS[word]!] : Object.values(COMMANDS)
}

/** Errors are thrown to the one place that prints them, from every level of subcommands. */
function quietly(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {} })
  for (const child of command.commands) quietly(child)
  return command
}
