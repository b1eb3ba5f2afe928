/**
 * Adds up numbers: the merge function of an agent that counts.
 *
 * @example
 * export default agent(countErrors, { merge: sum })
 */
export function sum(numbers: readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
