import { process, tasklet, thread } from '../../lib/places/kinds.ts'
import { describePlace } from '../contracts/place.ts'
import { EU } from '../support/fleet-of-hosts.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()

describePlace('a tasklet', { sandbox, place: () => tasklet() })
describePlace('a thread', { sandbox, place: () => thread() })
describePlace('a process', { sandbox, place: () => process() })
describePlace('a region', { sandbox, place: (world) => world.place(EU) })
