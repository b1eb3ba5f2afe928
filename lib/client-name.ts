/**
 * The name of the client, which is the caller's computer, where code names places: in plans, orders, routes and results,
 * and in `here.place` of an agent. No AWS region and no place of a launcher may have this name.
 */
export const CLIENT = 'client'
