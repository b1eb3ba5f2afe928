import { open } from 'node:fs/promises'
import { Command } from 'commander'
import { parseStrictJson } from '../../lib/encoding/strict-json.ts'
import { RefusedError, UsageError } from '../../lib/errors.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { MAX_RECEIPT_BYTES, type VerifiedReceipt, verifyReceipt, verifyReceiptChain } from '../../lib/trust/receipt.ts'
import { bytes, paint, printResult, seconds } from '../terminal/output.ts'
import { fleetOption, readFleetOffline } from './fleet-option.ts'

interface VerifyOptions {
  fleet: string
  chain?: boolean
  json?: boolean
}

/** `lander receipt`: what regions signed about their runs. */
export function receiptCommand(): Command {
  return new Command('receipt').description('what regions signed about their runs').addCommand(verifyCommand())
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('check receipts against the fleet’s public keys; nothing is asked of the network')
    .argument('<files...>', 'receipts that lander run --receipts wrote')
    .addOption(fleetOption())
    .option('--chain', 'check that the files are all landings of one mission, in their order')
    .option('--json', 'print one JSON document')
    .action(async (files: string[], { fleet, chain, json }: VerifyOptions) => {
      const trust = receiptTrustOf(await readFleetOffline(fleet))
      const receipts = await Promise.all(files.map(async (file) => verifyReceipt(await readReceipt(file), trust)))
      if (chain) verifyReceiptChain(receipts)
      printResult(json, { verified: true, receipts }, () => receipts.map(describe).join('\n\n'))
    })
}

/** An envelope of at most 64 KB is less than 90 KB of base64. */
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
    `${paint('green', 'holds')}  receipt ${digest}`,
    `  signed by  fleet ${fleet}, epoch ${epoch}`,
    `  mission    ${mission}, landing ${sequence} in ${region}: ${outcome}`,
    `  code       ${receipt.manifest}, by ${receipt.authors.join(', ')}`,
    `  sent by    ${receipt.sender}, input ${receipt.input}, let in by key policy ${receipt.policy}`,
    `  time       ${new Date(startedAt).toISOString()}, ${seconds((endedAt - startedAt) / 1000)}`,
    `  read       ${bytes(objects.bytesRead)} of ${objects.count} objects (list ${objects.digest})`,
    ...objects.listed.map(
      ({ bucket, key, etag, bytesRead }) => `             s3://${bucket}/${key} ${etag} ${bytes(bytesRead)}`,
    ),
    ...(more > 0 ? [`             and ${more} more`] : []),
    `  returned   ${bytes(receipt.bytesReturned)}${receipt.result === null ? '' : `, result ${receipt.result}`}`,
    `  after      ${receipt.previous ?? 'nothing: the first landing'}`,
  ].join('\n')
}
