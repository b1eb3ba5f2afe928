import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { createPricingClient, fetchPriceList } from '../../lib/aws/price-list.ts'
import { note, printResult } from '../terminal/output.ts'
import { defaultPricesFile } from './prices-file.ts'

/** `lander prices`: the list prices that quotes rest on. */
export function pricesCommand(): Command {
  return new Command('prices').description('the list prices that quotes rest on').addCommand(refreshCommand())
}

function refreshCommand(): Command {
  return new Command('refresh')
    .description('take current list prices from the AWS Price List API; needs pricing:GetProducts')
    .option(
      '--out <file>',
      'where to write them; what stands at the default is used by every quote',
      defaultPricesFile(),
    )
    .option('--json', 'print one JSON document')
    .action(async ({ out, json }: { out: string; json?: boolean }) => {
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
