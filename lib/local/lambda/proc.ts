import { readdirSync, readFileSync } from 'node:fs'

/** A process as procfs describes it (proc(5)). Linux only. */
export interface ProcessStat {
  readonly id: string
  readonly group: number
  /** `Z` is a zombie: it has ended, but its parent has not collected it. */
  readonly state: string
}

/** Parses `pid (name) state ppid pgrp …`. The name can contain spaces and brackets. */
export function parseStat(id: string, stat: string): ProcessStat {
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { id, state, group: Number(group) }
}

/**
 * Lists all processes. It is synchronous, because procfs answers from memory in microseconds and the thread pool would be
 * slower.
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
