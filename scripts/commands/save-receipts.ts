import { access, constants, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError, makeFolder } from '../../lib/files/file-error.ts'
import type { Fleet } from '../../lib/fleet/fleet.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { verifyLandingResult } from '../../lib/mission/verify-receipts.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'

/**
 * Makes the folder for receipts, before a run that could not be repeated for them.
 *
 * @throws UsageError when no file can be written there
 */
export async function prepareReceipts(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
    await access(folder, constants.W_OK)
  } catch (error) {
    throw explainFileError(error, folder)
  }
}

/**
 * Verifies the receipts of a mission against its answers and writes each to a file of its own. No newline ends it, so
 * that every byte of the file counts.
 *
 * @param folder as {@link prepareReceipts} made it
 * @returns the files
 * @throws RefusedError when a receipt does not hold, or says something else than the answer
 */
export async function saveReceipts(folder: string, regions: readonly RegionResult[], fleet: Fleet): Promise<string[]> {
  const trust = receiptTrustOf(fleet)
  return Promise.all(
    regions
      .flatMap(({ route = [] }) => route)
      .map(async ({ landingResult }) => {
        const { mission, branch, sequence } = verifyLandingResult(landingResult, trust).receipt
        const path = join(folder, `${mission}-${branch.replaceAll('/', '_')}-${sequence}.json`)
        await writeFile(path, JSON.stringify(landingResult.receipt))
        return path
      }),
  )
}
