import type Docker from 'dockerode';
import type { Limits } from '../../spec/task-spec.ts';

/** What it says. */
export const watchdogWords = { ready: 'ready\n', overdue: 'overdue\n' } as const;

/**
 * Its two arguments are seconds: until the deadline has long passed (0: never), and of grace. What it
 * reads is the end of its input: only the task itself could write there. It waits a second longer, so that a client that lives can tell a
 * connection that broke from a task that ended by itself. SIGTERM goes to PID 1, the init, which passes it on as it
 * does with ours; -1 is every process of the user but PID 1 and the shell itself, and PID 1 ends with its child.
 */
const script = `
if [ "$1" -gt 0 ]; then { sleep "$1" >/dev/null 2>&1 && echo overdue && kill -KILL -1; } & fi
echo ready
while read nothing; do :; done
sleep 1
if [ "$2" -gt 0 ]; then kill -TERM 1; sleep "$2"; fi
kill -KILL -1`;

/** As the task's user, with no more rights than the task has. */
export function watchdogCommand({
  seconds,
  limits,
}: {
  seconds: number;
  limits: Pick<Limits, 'killAfterMs'>;
}): Docker.ExecCreateOptions {
  const graceSeconds = Math.ceil(limits.killAfterMs / 1000);
  return {
    AttachStdin: true,
    AttachStdout: true,
    // The task's own PATH may lead into its workspace.
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    WorkingDir: '/',
    Cmd: ['/bin/sh', '-c', script, 'sandbox-watchdog', String(seconds), String(graceSeconds)],
  };
}
