import { agent } from 'lander/agent'
import { fib } from './fib.c'

/** The sum of `times` calls. */
export default agent(({ n, times }: { n: number; times: number }) => {
  let sum = 0
  for (let i = 0; i < times; i++) sum += fib(n)
  return sum
})
