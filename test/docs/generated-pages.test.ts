import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { withHelp } from '../../scripts/commands/help-sections.ts'
import { createProgram } from '../../scripts/commands/program.ts'
import { generatedPages } from '../../scripts/docs-pages.ts'
import { cliPage } from '../../scripts/documentation/cli-page.ts'

describe('pages that are made from code', () => {
  const pages = generatedPages()

  test.each(['docs/cli.md', 'docs/limits.md'])('%s is up to date; npm run docs:cli writes it', async (page) => {
    expect(await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')).toBe((await pages).get(page))
  })

  test('every argument and every option of every command has a description', async () => {
    const undescribed = leavesOf(await createProgram(['--help'])).flatMap((command) =>
      [
        ...command.registeredArguments.map((each) => [each.name(), each.description]),
        ...command.options.map((each) => [each.flags, each.description]),
      ]
        .filter(([, description]) => !description)
        .map(([name]) => `${command.name()} ${name}`),
    )
    expect(undescribed).toEqual([])
  })

  test('a command shows its arguments, options, defaults, choices, examples and JSON', () => {
    const child = new Command('fly').description('fly somewhere').argument('<where...>', 'the places')
    child.requiredOption('--by <means>', 'the means of transport').option('--times <n>', 'how often', '1')
    withHelp(child, { notes: ['it flies'], examples: ['lander fly here --by kite'], json: '{where}', page: 'kites.md' })
    const text = cliPage(new Command('lander').addCommand(child))
    expect(text.slice(text.indexOf('## lander fly'))).toBe(
      [
        '## lander fly\n',
        'Fly somewhere.\n',
        '`lander fly <where...> [options]`\n',
        'It flies.\n',
        '| argument | meaning |\n| --- | --- |\n| `<where...>` | The places. |\n',
        '| option | meaning | default |\n| --- | --- | --- |',
        '| `--by <means>` | The means of transport. Required. |  |\n| `--times <n>` | How often. | `1` |\n',
        '```sh\nlander fly here --by kite\n```\n',
        '`--json` prints `{where}`.\n',
        'More: [kites.md](kites.md).\n',
      ].join('\n'),
    )
  })
})

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}
