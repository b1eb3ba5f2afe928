import { agent, here, hop, progress, sleep } from 'lander/agent'
import { type End, Population, type Rules } from './game.ts'

export interface Game extends Rules {
  /** Whether to hop to the second region of the mission after half of the rounds. */
  readonly hops: boolean
}

export interface Played extends End {
  /** The place of each round. */
  readonly where: readonly string[]
}

/** A game whose robots are suspended in the middle of their loops and resume in another place. */
export default agent(async ({ hops, ...rules }: Game, { regions }): Promise<Played> => {
  const population = new Population(rules)
  const where: string[] = []
  for (let round = 0; round < rules.rounds; round++) {
    if (hops && round === Math.ceil(rules.rounds / 2)) await hop(regions[1]!)
    population.playRound()
    where.push(here.region)
    progress((round + 1) / rules.rounds)
    // The scheduler can suspend and move an agent only while the agent awaits something.
    await sleep(0)
  }
  return { ...population.end(), where }
})
