import type { Command } from 'commander'

/** What a command's help says beyond its arguments and options. `docs/cli.md` prints the same. */
export interface HelpSections {
  /** Paragraphs about the command as a whole. */
  readonly notes?: readonly string[]
  /** Command lines, as the reader types them. Tests parse them. */
  readonly examples: readonly string[]
  /** The shape of what `--json` prints. */
  readonly json?: string
  /** The page in docs/ that explains more. */
  readonly page?: string
}

const sectionsByCommand = new WeakMap<Command, HelpSections>()

/** Adds sections after a command's options in `--help`, and keeps them for `docs/cli.md`. */
export function withHelp(command: Command, sections: HelpSections): Command {
  sectionsByCommand.set(command, sections)
  return command.addHelpText('after', () => helpText(sections))
}

/** The sections of a command; `undefined` for a command that only groups others. */
export const helpSectionsOf = (command: Command): HelpSections | undefined => sectionsByCommand.get(command)

function helpText({ notes = [], examples, json, page }: HelpSections): string {
  return [
    ...notes.map((note) => `\n${note}`),
    `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`,
    ...(json === undefined ? [] : [`\nWith --json: ${json}`]),
    ...(page === undefined ? [] : [`\nMore: docs/${page}`]),
  ].join('\n')
}
