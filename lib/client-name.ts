/**
 * What the caller's own machine is called wherever places are named: in plans, orders, routes, results and to agents.
 * No region of AWS and no place of a launcher may have this name.
 */
export const CLIENT = 'client'
