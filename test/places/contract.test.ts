import { place } from '../../lib/places/place-kinds.ts'
import { describePlace } from '../contracts/place.ts'
import { EU } from '../support/fleet-of-hosts.ts'
import { useSandbox } from '../support/sandbox.ts'

const sandbox = useSandbox()

describePlace('a tasklet', { sandbox, place: () => place.tasklet() })
describePlace('a thread', { sandbox, place: () => place.thread() })
describePlace('a process', { sandbox, place: () => place.process() })
describePlace('a region', { sandbox, place: (world) => world.place(EU) })
