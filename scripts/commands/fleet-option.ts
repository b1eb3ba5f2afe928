import { Option } from 'commander'
import { type Fleet, readFleetFile } from '../../lib/fleet/fleet-file.ts'
import { requireServing } from '../../lib/local/daemon.ts'
import { localFleetFiles } from '../../lib/local/fleet-files.ts'
import { localDir } from './options.ts'

/** The value of `--fleet` that means the fleet of the local cloud. */
export const LOCAL = 'local'

export const fleetOption = (): Option =>
  new Option('--fleet <file>', 'the fleet file of a deployment, or "local" for the local cloud').default(LOCAL)

/** The path of the fleet file that `--fleet` names. */
export const fleetPath = (name: string): string => (name === LOCAL ? localFleetFiles(localDir()).fleet : name)

/** Reads the fleet that `--fleet` names without a network call. @throws UsageError `FILE_NOT_FOUND`, `CONFIG_INVALID` */
export const readFleetOffline = (name: string): Promise<Fleet> => readFleetFile(fleetPath(name))

/**
 * Reads the fleet that `--fleet` names. If it is local, checks that the local cloud is running.
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
