import { agent, here } from 'lander/agent'
import { newlines } from './newlines.c'

/** Counts the newlines in the objects whose keys start with `prefix`. */
export default agent(async (prefix: string): Promise<number> => {
  let count = 0
  for await (const object of here.objects(prefix)) for await (const chunk of object.chunks()) count += newlines(chunk)
  return count
})
