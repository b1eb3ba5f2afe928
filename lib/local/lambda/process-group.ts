import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exit } from './call-outcome.ts'
import type { GroupGuard } from './group-guard.ts'
import { listProcesses } from './proc.ts'

export interface ProcessGroupOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly guard: GroupGuard
}

/** A process and its descendants, which get signals together. */
export interface ProcessGroup {
  /** The leader's process id, which is the group's id. */
  readonly id: number
  readonly output: readonly Readable[]
  /** Resolves when the leader has ended and its output has been read. */
  readonly ended: Promise<Exit>
  freeze(): void
  restore(): void
  /** Kills all members, including frozen ones. Resolves when none is left. */
  kill(): Promise<void>
}

/** How long `kill` waits for the group to end. */
const GONE_WITHIN_MS = 1_500

/** How long output is read after the leader's end, because a descendant outside the group can keep the pipe open for ever. */
const OUTPUT_WITHIN_MS = 100

/**
 * Starts a process as the leader of a new group and session. When the leader ends, the group is killed. A descendant that
 * starts its own session is not part of the group.
 */
export async function startProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroup> {
  const { command, args, cwd, env, guard } = options
  const leader = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  await once(leader, 'spawn')
  const id = leader.pid as number
  guard.add(id)
  const outputRead = once(leader, 'close')
  const exited = once(leader, 'exit').then(([code, signal]) => {
    signalGroup(id, 'SIGKILL')
    return { code, signal } as Exit
  })
  const ended = exited.then((exit) => Promise.race([outputRead, sleep(OUTPUT_WITHIN_MS)]).then(() => exit))
  const gone = exited.then(() => vanished(id)).then(() => guard.remove(id))
  return {
    id,
    output: [leader.stdout, leader.stderr],
    ended,
    freeze: () => signalGroup(id, 'SIGSTOP'),
    restore: () => signalGroup(id, 'SIGCONT'),
    async kill() {
      if (leader.exitCode === null && leader.signalCode === null) signalGroup(id, 'SIGKILL')
      await gone
    },
  }
}

async function vanished(id: number): Promise<void> {
  for (let waited = 0; isAlive(id) && waited < GONE_WITHIN_MS; waited += 5) await sleep(5)
}

/** Whether a process runs. A zombie accepts signals but has ended; in containers it can remain for seconds. */
function isAlive(id: number): boolean {
  if (!signalGroup(id, 0)) return false
  if (process.platform !== 'linux') return true
  return listProcesses().some(({ group, state }) => group === id && state !== 'Z')
}

/** Signals a group. @returns whether it had any process */
function signalGroup(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-id, signal)
  } catch {
    return false
  }
}
