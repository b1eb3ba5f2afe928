import { expect, test } from 'vitest'
import { createFleetClients } from '../../lib/fleet/clients.ts'
import type { Fleet } from '../../lib/fleet/fleet-file.ts'
import { FORMAT_VERSION } from '../../lib/format-version.ts'
import { signMission } from '../../lib/mission/mission.ts'
import { generateKey } from '../../lib/trust/keys.ts'

test('an input above the limit is refused before anything is sent, and says the limit', async () => {
  const fleet: Fleet = { lander: FORMAT_VERSION, name: 'f', rootKey: '', receiptKeys: [], regions: [] }
  using clients = createFleetClients(fleet)
  const options = { fleet, clients, file: new Uint8Array(), sender: generateKey() }
  await expect(signMission({ ...options, input: 'é'.repeat(524_288) })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: 'the input has 1048578 bytes of JSON; it may have 1048576',
  })
  // The next thing that is wrong is the file.
  await expect(signMission({ ...options, input: 'é'.repeat(524_287) })).rejects.toMatchObject({
    code: expect.stringMatching(/^BUNDLE_/),
  })
})
