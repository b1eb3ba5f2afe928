import { spawn } from 'node:child_process'

/** Kills process groups when this process ends for any reason. */
export interface GroupGuard {
  add(group: number): void
  remove(group: number): void
  close(): void
}

/**
 * A shell script that reads `+ group` and `- group` lines. Its input ends when this process ends, even by SIGKILL; then it
 * kills the remaining groups. SIGKILL also ends frozen processes, which could not react to any other signal.
 */
const SCRIPT = `
trap '' INT TERM HUP
all=' '
while read -r op id; do
  if [ "$op" = + ]; then all="$all$id "; continue; fi
  case $all in *" $id "*) all="\${all%% $id *} \${all#* $id }" ;; esac
done
for id in $all; do kill -s KILL -- "-$id"; done
`

/** Starts the guard, a shell in its own session, so that a Ctrl-C in the terminal does not end it first. */
export function createGroupGuard(): GroupGuard {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  const stdin = shell.stdin as typeof shell.stdin & { unref(): void }
  stdin.unref()
  return {
    add: (group) => void stdin.write(`+ ${group}\n`),
    remove: (group) => void stdin.write(`- ${group}\n`),
    close: () => void stdin.end(),
  }
}
