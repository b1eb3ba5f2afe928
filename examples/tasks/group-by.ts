/** Groups the rows of CSV files by a column: the number of rows and the sum of each category. */
import { agent, here } from 'lander/agent'

type Groups = Record<string, { rows: number; total: number }>

export default agent(
  async () => {
    const groups: Groups = {}
    const sales = here.csv('sales/', { columns: ['category', 'amount'], numbers: ['amount'] })
    for await (const batch of sales.batches()) {
      // A dictionary-encoded column has each distinct string once and a code for every row, which is faster than a
      // string for every row.
      const { words, codes } = batch.coded('category')
      const amounts = batch.column('amount')
      codes.forEach((code, row) => {
        add(groups, words[code]!, { rows: 1, total: amounts[row]! })
      })
    }
    return groups
  },
  { merge: mergeGroups },
)

/** Merges the answers of all regions. */
function mergeGroups(results: Groups[]): Groups {
  const merged: Groups = {}
  for (const groups of results) for (const [name, group] of Object.entries(groups)) add(merged, name, group)
  return merged
}

function add(groups: Groups, name: string, { rows, total }: { rows: number; total: number }): void {
  groups[name] ??= { rows: 0, total: 0 }
  groups[name].rows += rows
  groups[name].total += total
}
