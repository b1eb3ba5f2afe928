/**
 * `lander/testing`: a local cloud with a fleet deployed to it, for tests of your own agents. It runs the same function as
 * a deployment on AWS.
 *
 * @example
 * import { packSigned, parseDataUri, run } from 'lander'
 * import { startLocalCloud } from 'lander/testing'
 *
 * await using cloud = await startLocalCloud({ regions: ['eu-west-1'] })
 * await cloud.put('s3://logs-eu/2026/a.log', 'ok\nERROR\n')
 * const { file } = await packSigned('count.ts', cloud.key, { scopes: [parseDataUri('s3://logs-eu/')] })
 * const { value } = await run({ ...cloud, file, sender: cloud.key, input: { word: 'ERROR' } })
 *
 * @module lander/testing
 */
export type { LocalCloud, WanOptions } from './cloud.ts'
export type { LocalFleetFiles } from './fleet-files.ts'
export type { LambdaTuning } from './lambda/service.ts'
export { type LocalFleet, type LocalFleetOptions, startLocalFleet } from './local-fleet.ts'
export type { LinkTraffic } from './meter.ts'
export { startLocalCloud, type TestCloud, type TestCloudOptions } from './test-cloud.ts'
export type { LinkFigures } from './wan.ts'
