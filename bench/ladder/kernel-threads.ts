import { agent, here, sum } from 'lander/agent'
import { odd } from './odd.c'

export default agent(
  async (prefix: string) => {
    const counts = await here.parallel(here.objects(prefix), async (object, worker) => {
      let count = 0
      for await (const chunk of object.chunks()) count += await worker.call(odd, chunk)
      return count
    })
    return sum(counts)
  },
  { merge: sum },
)
