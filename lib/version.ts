/** The version of this package: what a client and a fleet tell each other. */
export const VERSION = '0.1.0'
