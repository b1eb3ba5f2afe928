import { Command } from 'commander'
import { VERSION } from '../../lib/version.ts'

/** Each command is imported only when it is used, because each loads SDK clients and libraries that others don't need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init-command.ts')).initCommand(),
  keygen: async () => (await import('./keygen-command.ts')).keygenCommand(),
  pack: async () => (await import('./pack-command.ts')).packCommand(),
  inspect: async () => (await import('./inspect-command.ts')).inspectCommand(),
  local: async () => (await import('./local-command.ts')).localCommand(),
  plan: async () => (await import('./plan-command.ts')).planCommand(),
  run: async () => (await import('./run-command.ts')).runCommand(),
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
 * The CLI for `args`. It loads only the command that `args` name. For help, and for an unknown command, it loads all of
 * them, so that commander can list or suggest them.
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('lander')
    .description('Moves code to data: signed agents land in the regions where your objects are.')
    .version(VERSION)
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  for (const load of neededCommands(args)) program.addCommand(throwErrors(await load()))
  return program
}

function neededCommands([first = '']: readonly string[]): readonly (() => Promise<Command>)[] {
  if (first === '--version' || first === '-V') return []
  return Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]!] : Object.values(COMMANDS)
}

/** Makes commander throw usage errors instead of printing them, at every level, so that one place prints all errors. */
function throwErrors(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {} })
  for (const child of command.commands) throwErrors(child)
  return command
}
