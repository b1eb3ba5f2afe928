import { arch, cpus, platform, totalmem } from 'node:os'

/** The machine on which a figure was measured. Nothing here identifies it. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  /** Memory in GB (10^9 bytes). */
  readonly memoryGB: number
  readonly platform: string
  readonly node: string
  readonly v8: string
}

export function thisMachine(): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGB: Math.round(totalmem() / 1e9),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    v8: process.versions.v8,
  }
}
