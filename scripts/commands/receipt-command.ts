import { open } from 'node:fs/promises'
import { Command } from 'commander'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'
import { RefusedError, UsageError } from '../../lib/errors.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { MAX_RECEIPT_BYTES, type VerifiedReceipt, verifyReceipt, verifyReceiptChain } from '../../lib/trust/receipt.ts'
import { bytes, paint, printResult, seconds } from '../terminal/output.ts'
import { fleetOption, readFleetOffline } from './fleet-option.ts'
import { withHelp } from './help-sections.ts'
import { jsonOption } from './options.ts'

interface VerifyOptions {
  fleet: string
  chain?: boolean
  json?: boolean
}

/** `lander receipt`: the receipts that regions sign about runs. */
export function receiptCommand(): Command {
  return new Command('receipt').description('check the receipts that regions sign').addCommand(verifyCommand())
}

function verifyCommand(): Command {
  const command = new Command('verify')
    .description('check receipts against the fleet’s public keys, without a network')
    .argument('<files...>', 'receipts that lander run --receipts wrote')
    .addOption(fleetOption())
    .option('--chain', 'also check that the files are all landings of one mission, in order')
    .addOption(jsonOption())
  return withHelp(command, {
    examples: ['lander receipt verify receipts/a.json --fleet fleet.json'],
    json: '{verified, receipts: [{receipt, digest}]}',
    page: 'receipts.md',
  }).action(async (files: string[], { fleet, chain, json }: VerifyOptions) => {
    const trust = receiptTrustOf(await readFleetOffline(fleet))
    const receipts = await Promise.all(files.map(async (file) => verifyReceipt(await readReceipt(file), trust)))
    if (chain) verifyReceiptChain(receipts)
    printResult(json, { verified: true, receipts }, () => receipts.map(describe).join('\n\n'))
  })
}

/** Base64 makes a payload a third larger, so twice its size leaves room for the signatures. */
const MAX_FILE_BYTES = 2 * MAX_RECEIPT_BYTES

async function readReceipt(path: string): Promise<unknown> {
  const file = await open(path).catch((cause: unknown) => {
    throw new UsageError('FILE_NOT_FOUND', `receipt "${path}" can't be read`, { remedy: 'check the path', cause })
  })
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_FILE_BYTES + 1))
    return parseStrictJson(buffer.subarray(0, bytesRead), { maxLength: MAX_FILE_BYTES })
  } catch (cause) {
    throw new RefusedError('RECEIPT_MALFORMED', `"${path}" is not a receipt`, { cause })
  } finally {
    await file.close()
  }
}

function describe({ receipt, digest }: VerifiedReceipt): string {
  const { mission, sequence, region, fleet, epoch, outcome, objects, startedAt, endedAt } = receipt
  const more = objects.count - objects.listed.length
  return [
    `${paint('green', 'valid')}  receipt ${digest}`,
    `  signed by  fleet ${fleet}, epoch ${epoch}`,
    `  mission    ${mission}, landing ${sequence} in ${region}: ${outcome}`,
    `  code       ${receipt.manifest}, by ${receipt.authors.join(', ')}`,
    `  sent by    ${receipt.sender}, input ${receipt.input}, admitted by key policy ${receipt.policy}`,
    `  time       ${new Date(startedAt).toISOString()}, ${seconds((endedAt - startedAt) / 1000)}`,
    `  read       ${bytes(objects.bytesRead)} of ${objects.count} objects (list ${objects.digest})`,
    ...objects.listed.map(
      ({ bucket, key, etag, bytesRead }) => `             s3://${bucket}/${key} ${etag} ${bytes(bytesRead)}`,
    ),
    ...(more > 0 ? [`             and ${more} more`] : []),
    `  returned   ${bytes(receipt.bytesReturned)}${receipt.result === null ? '' : `, result ${receipt.result}`}`,
    `  previous   ${receipt.previous ?? 'none: this is the first landing'}`,
  ].join('\n')
}
