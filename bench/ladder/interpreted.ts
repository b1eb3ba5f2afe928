import { agent, here, sum } from 'lander/agent'
import { odd } from './odd.ts'

export default agent(
  async (prefix: string) => {
    let count = 0
    for await (const object of here.objects(prefix)) count += odd(await object.bytes())
    return count
  },
  { merge: sum },
)
