import { access, constants, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError, makeFolder } from '../../lib/files/file-error.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { receiptTrustOf } from '../../lib/fleet/receipt-keys.ts'
import { verifyLandingResult } from '../../lib/mission/verify-receipts.ts'
import type { RegionResult } from '../../lib/relay/region-result.ts'

/**
 * Creates the folder for receipts and checks that it is writable, before a run that would have to be repeated otherwise.
 *
 * @throws UsageError `FILE_UNUSABLE`, `FILE_NOT_FOUND`
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
 * Verifies the receipts of a mission against its results and writes one file for each. The files have no newline at the
 * end, so that a change of any byte is detected.
 *
 * @param folder a folder that {@link prepareReceipts} accepted
 * @returns the paths of the files
 * @throws RefusedError when a receipt is not valid, or contradicts the result
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
