import { spawn } from 'node:child_process'

/** Ends process groups when this process is gone, however it went. */
export interface GroupGuard {
  add(group: number): void
  remove(group: number): void
  close(): void
}

/**
 * Reads `+ group` and `- group` lines; at the end of its input, which comes with the end of the host even if that was
 * SIGKILL, it kills what is left. SIGKILL also ends frozen processes, which no message could reach.
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

/** Starts the guard: one small shell in a session of its own, so that a Ctrl-C in the terminal does not end it first. */
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
