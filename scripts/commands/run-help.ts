import type { HelpSections } from './help-sections.ts'

/** The help of `lander run` beyond its options. */
export const RUN_HELP: HelpSections = {
  notes: [
    '--place auto moves data to the client only if that is faster beyond doubt, and says so.',
    'At a limit of --max-usd or --max-seconds the run stops, keeps the results it has, and lists what is left to do.',
    'value is the result of the one region, or of several merged by the agent’s merge, or a list in the order of regions. It is missing unless every region completed. regions then has the results of the others, and partial has them merged.',
    'With --detach, the command prints the mission’s id and returns. Options that need the client to stay are refused: --max-usd, --max-seconds, --receipts and --place client.',
  ],
  examples: [
    `lander run count.ts --data s3://logs-us/ --data s3://logs-eu/ --input '{"word":"ERROR"}'`,
    'lander run count.lander --fleet fleet.json --key me --max-usd 0.50 --receipts receipts',
    'lander run tour.ts --data s3://logs-us/ --data s3://logs-eu/ --start once --detach',
  ],
  json: '{mission, outcome, value, usage: {bytesRead, bytesReturned, bytesMoved}, regions, left, partial?, seconds}; with --detach, {mission, relay, regions, expiresAt}',
  page: 'guide.md',
}
