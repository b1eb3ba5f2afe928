/**
 * Computes the mean of a column for each city, from data that must stay in its region. Rows never leave it, and neither
 * do groups so small that their mean would reveal individual people.
 */
import { agent, here } from 'lander/agent'

const SMALLEST_GROUP = 2

export default agent(
  async () => {
    const cities = new Map<string, number[]>()
    for await (const batch of here.csv('sales/', { columns: ['city', 'amount'], numbers: ['amount'] }).batches()) {
      const amounts = batch.column('amount')
      for (const [row, city] of batch.column('city').entries())
        cities.set(city, [...(cities.get(city) ?? []), amounts[row]!])
    }
    const large = [...cities].filter(([, amounts]) => amounts.length >= SMALLEST_GROUP)
    return large.map(([city, amounts]) => ({ city, region: here.region, mean: mean(amounts) }))
  },
  { merge: (regions: { city: string; region: string; mean: number }[][]) => regions.flat() },
)

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}
