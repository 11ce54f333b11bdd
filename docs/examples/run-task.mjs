import { resolveTask, runTask } from 'sandbox-run';

const task = await resolveTask({
  command: ['sh', '-c', 'echo checking; test -w .'],
  workspace: process.argv[2] ?? '.',
  memory: '256m',
  timeout: '30s',
});
const receipt = await runTask(task, {
  signal: AbortSignal.timeout(60_000),
  onStdout: (chunk) => void process.stdout.write(chunk),
});
console.log(receipt.status, receipt.exitCode, receipt.isolation.level);
