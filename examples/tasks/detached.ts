/**
 * Sends a mission that continues without this computer, and fetches its answer later.
 *
 *     npx tsx examples/tasks/detached.ts FLEET.json ME.key
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  collectAnswer,
  createFleetClients,
  missionStatus,
  packSigned,
  parseDataUri,
  readFleetFile,
  readKeyFile,
  run,
} from 'lander'

const [fleetFile = '', keyFile = ''] = process.argv.slice(2)
const fleet = await readFleetFile(fleetFile)
const sender = await readKeyFile(keyFile)
using clients = createFleetClients(fleet)

const scopes = ['s3://logs-us/', 's3://logs-eu/'].map(parseDataUri)
const { file } = await packSigned(`${import.meta.dirname}/count-lines.ts`, sender, { scopes })
const { mission } = await run({ fleet, clients, file, sender, input: { word: 'ERROR' }, detach: true })
console.error(`${mission} is on its way; this machine could go to sleep now`)

// The id is enough to fetch the answer, a minute or a day later, on any computer with the fleet file.
while ((await missionStatus(mission, { fleet, clients })).state === 'under way') await delay(200)
const { outcome, value } = await collectAnswer(mission, { fleet, clients, sender: async () => sender })
console.log(JSON.stringify({ outcome, value }))
