import { agent } from 'lander/agent'

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}

/** Returns the sum of `times` calls. */
export default agent(({ n, times }: { n: number; times: number }) => {
  let sum = 0
  for (let i = 0; i < times; i++) sum += fib(n)
  return sum
})
