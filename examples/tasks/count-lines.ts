/** Counts the lines that contain a word, in every region that has logs. Only the numbers leave the regions. */
import { agent, here, sum } from 'lander/agent'

export default agent(
  async ({ word }: { word: string }) => {
    let count = 0
    for await (const lines of here.lines('logs/').batches()) for (const line of lines) if (line.includes(word)) count++
    return count
  },
  { merge: sum },
)
