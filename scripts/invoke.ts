/**
 * Packs and runs an agent with the SDK: the same as lander run, in a program short enough to read as documentation.
 *
 *     npx tsx scripts/invoke.ts AGENT.ts s3://bucket/prefix/ [input as JSON]
 *
 * runs an agent on the local fleet (lander local up), or on the fleet whose file LANDER_FLEET names.
 */
import './terminal/quiet-sdk.ts'
import { createFleetClients, packSigned, parseDataUri, readFleetFile, readKeyFile, run } from '../lib/index.ts'
import { localFleetFiles } from '../lib/local/fleet-files.ts'
import { localDir } from './commands/options.ts'
import { EXIT, printError } from './terminal/output.ts'

const [agent = '', data = '', input = 'null'] = process.argv.slice(2)
const local = localFleetFiles(localDir())

try {
  // Read the key that signs, and the fleet that trusts it.
  const key = await readKeyFile(process.env.LANDER_KEY ?? local.developerKey)
  const fleet = await readFleetFile(process.env.LANDER_FLEET ?? local.fleet)
  using clients = createFleetClients(fleet)

  // Pack the source into one module, and sign it together with what it may read.
  const { file } = await packSigned(agent, key, { scopes: [parseDataUri(data)] })

  // Send it to the regions of the data. Only results come back.
  const { outcome, value, usage, regions } = await run({
    fleet,
    clients,
    file,
    sender: key,
    input: JSON.parse(input),
    onProgress: (region, { bytesRead }) => console.error(`${region}: ${bytesRead} bytes read`),
  })

  // A failure of the agent is an outcome and not an exception. Each region has its own outcome.
  for (const { region, landingResult, error } of regions) console.error(region, error ?? landingResult?.outcome.kind)
  console.error(outcome, usage)
  if (outcome === 'completed') console.log(JSON.stringify(value))
  else process.exitCode = EXIT.failed
} catch (error) {
  // Every other error is a LanderError, with a stable code, the fact, and a remedy.
  process.exitCode = printError(error, false)
}
