import { Option } from 'commander'
import { type Fleet, readFleetFile } from '../../lib/fleet/fleet.ts'
import { requireServing } from '../../lib/local/daemon.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { localDir } from './options.ts'

/** The local fleet, as `--fleet` names it. */
export const LOCAL = 'local'

export const fleetOption = (): Option =>
  new Option('--fleet <file>', 'the fleet file of a deployment, or "local"').default(LOCAL)

/** Where the file lies that `--fleet` names. */
export const fleetPath = (name: string): string => (name === LOCAL ? localFleetFiles(localDir()).fleet : name)

/** The fleet that `--fleet` names, for work without a network. @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID` */
export const readFleetOffline = (name: string): Promise<Fleet> => readFleetFile(fleetPath(name))

/**
 * The fleet that `--fleet` names, to be reached now.
 *
 * @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID`, `LOCAL_NOT_RUNNING`
 * @throws UnreachableError `TLS_FAILED`
 */
export async function readFleet(name: string): Promise<Fleet> {
  const fleet = await readFleetOffline(name)
  const { endpoint, ca } = fleet
  if (name === LOCAL && endpoint !== undefined) await requireServing({ endpoint, ca })
  return fleet
}
