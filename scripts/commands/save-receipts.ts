import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import type { RegionResult } from '../../lib/fleet/mission.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { verifySettlement } from '../../lib/fleet/settlement-receipt.ts'

/**
 * Verifies the receipts of a mission against its answers and writes each to a file of its own. No newline ends it, so
 * that every byte of the file counts.
 *
 * @returns the files
 * @throws RefusedError when a receipt does not hold, or says something else than the answer
 */
export async function saveReceipts(folder: string, regions: readonly RegionResult[], fleet: Fleet): Promise<string[]> {
  const trust = receiptTrustOf(fleet)
  await mkdir(folder, { recursive: true })
  return Promise.all(
    regions
      .flatMap(({ route = [] }) => route)
      .map(async ({ settlement }) => {
        const { mission, branch, sequence } = verifySettlement(settlement, trust).receipt
        const path = join(folder, `${mission}-${branch.replaceAll('/', '_')}-${sequence}.json`)
        await writeFile(path, JSON.stringify(settlement.receipt))
        return path
      }),
  )
}
