import { agent, here, sum } from 'lander/agent'

/** The agent that the deployed function runs: counts the lines with a word in one region. */
export default agent(
  async ({ word }: { word: string }) => {
    let found = 0
    for await (const object of here.objects()) {
      for await (const line of object.lines()) if (line.includes(word)) found++
    }
    return found
  },
  { merge: sum },
)
