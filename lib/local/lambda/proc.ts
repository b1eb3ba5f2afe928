import { readdirSync, readFileSync } from 'node:fs'

/** What procfs says about a process (proc(5)); Linux only. */
export interface ProcessStat {
  readonly id: string
  readonly group: number
  /** `Z` is a zombie: dead, and not yet collected by its parent. */
  readonly state: string
}

/** `pid (name) state ppid pgrp …`; the name may hold spaces and brackets. */
export function parseStat(id: string, stat: string): ProcessStat {
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { id, state, group: Number(group) }
}

/**
 * Every process there is. Synchronous on purpose: procfs answers from memory, in microseconds, and a thread pool would
 * cost more.
 */
export function listProcesses(): ProcessStat[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.flatMap((id) => {
    try {
      return [parseStat(id, readFileSync(`/proc/${id}/stat`, 'latin1'))]
    } catch {
      return [] // ended while we looked
    }
  })
}
