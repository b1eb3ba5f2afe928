import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command, Option } from 'commander'
import { createPricingClient, fetchPriceList } from '../../lib/aws/fetch-price-list.ts'
import { note, printResult } from '../terminal/output.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'
import { defaultPricesFile } from './prices-file.ts'

/** `lander prices`: the list prices that quotes use. */
export function pricesCommand(): Command {
  return new Command('prices').description('update the list prices that quotes use').addCommand(refreshCommand())
}

function refreshCommand(): Command {
  const command = new Command('refresh')
    .description('fetch current list prices from the AWS Price List API')
    .addOption(
      new Option('--out <file>', 'the price file to write; every quote uses the one at the default path').default(
        defaultPricesFile(),
        '`prices.json` in `LANDER_HOME`',
      ),
    )
    .addOption(jsonOption())
  return withHelp(command, {
    notes: ['The credentials need pricing:GetProducts. The API is free of charge.'],
    examples: ['lander prices refresh'],
    json: '{file, asOf, regions, leftOut}',
    page: 'gravity.md',
  }).action(async ({ out, json }: { out: string; json?: boolean }) => {
    const client = createPricingClient()
    try {
      const { file, leftOut } = await fetchPriceList(client, new Date())
      for (const what of leftOut) note(`left out ${what}`)
      await mkdir(dirname(out), { recursive: true })
      await writeFile(out, `${JSON.stringify(file, undefined, 2)}\n`)
      const regions = Object.keys(file.lambda ?? {}).length
      printResult(
        json,
        { file: out, asOf: file.asOf, regions, leftOut },
        () => `${out}  list prices of ${file.asOf}, ${regions} regions`,
      )
    } finally {
      client.destroy()
    }
  })
}
