/** Compares the cost of moving the data with the cost of moving the code. Needs no account, no cloud and no agent. */
import { explainPlan, type PlacementProblem, planPlacement } from 'lander/gravity'

const problem: PlacementProblem = {
  groups: [
    { region: 'us-east-1', bytes: 2e12, resultBytes: 1e6 },
    // These may not leave the European Union.
    { region: 'eu-central-1', bytes: 5e11, resultBytes: 1e6, allowed: ['eu-central-1', 'eu-west-1'] },
  ],
  agentBytes: 2000,
  client: 'us-east-1',
  deadlineSeconds: 1800,
  compute: { workers: 32 },
}

console.log(explainPlan(planPlacement(problem), problem))
