import { execFileSync } from 'node:child_process';
import { WorkspaceSession } from '../../../src/workspace/workspace-session.ts';
import type { TaskSpec } from '../../../src/spec/task-spec.ts';

// Runs one task on a workspace in a process of its own, which can be that of another user:
// `SPEC SCRIPT APPLY`, and the end as JSON.
const [spec, script, apply] = process.argv.slice(2) as [string, string, string];
const session = WorkspaceSession.open(JSON.parse(spec) as TaskSpec);
await session.ready();
const cwd = await session.path;
execFileSync('bash', ['--norc', '-euc', script], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
const { report, failure, notes } = await session.finish({ apply: apply === 'true' });
const said = failure && { code: failure.code, message: failure.message, hint: failure.hint };
process.stdout.write(JSON.stringify({ report, failure: said, notes }));
