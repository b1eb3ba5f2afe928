/**
 * `lander/testing`: a cloud on this machine with a fleet deployed to it, for tests of your own agents. What runs in it is
 * the function that a deployment runs.
 *
 * @example
 * import { createFleetClients, packSigned, parseDataUri, run } from 'lander'
 * import { startLocalFleet } from 'lander/testing'
 *
 * await using local = await startLocalFleet({ dir: '.lander/tests', regions: ['eu-west-1'] })
 * using clients = createFleetClients(local.fleet)
 * await local.cloud.createBucket('eu-west-1', 'logs-eu')
 * const { file } = await packSigned('count.ts', local.developer, { scopes: [parseDataUri('s3://logs-eu/')] })
 * const answer = await run({ fleet: local.fleet, clients, file, sender: local.developer, input: { word: 'ERROR' } })
 *
 * @module lander/testing
 */
export type { LocalCloud, WanOptions } from './local/cloud.ts'
export type { LocalFleetFiles } from './local/fleet-files.ts'
export type { LambdaTuning } from './local/lambda/service.ts'
export { type LocalFleet, type LocalFleetOptions, startLocalFleet } from './local/local-fleet.ts'
export type { LinkTraffic } from './local/meter.ts'
export type { LinkFigures } from './local/wan.ts'
