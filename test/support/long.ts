/**
 * Whether this is `npm run test:long`. It repeats the files that import this module, and there properties are checked
 * on more cases and lists to their end. `npm test` checks the same properties on fewer.
 */
export const LONG: boolean = process.env.LANDER_LONG !== undefined
