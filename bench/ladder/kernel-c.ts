import { agent, here, sum } from 'lander/agent'
import { odd } from './odd.c'

export default agent(
  async (prefix: string) => {
    let count = 0
    for await (const object of here.objects(prefix)) for await (const chunk of object.chunks()) count += odd(chunk)
    return count
  },
  { merge: sum },
)
