import { hasEngine, noEngine } from '../engine.ts';
import { interleave } from '../interleave.ts';
import { wallMsOf } from '../process.ts';
import { rawCommands } from '../raw-commands.ts';
import { type Row, skipped } from '../row.ts';
import { sameTask } from '../same-task.ts';
import { ratios } from '../statistics.ts';

export const runTrue: Row = {
  name: 'run-true',
  about: 'one task: `sandbox run -- true`',
  async measure(bench) {
    if (!(await hasEngine())) return skipped(noEngine);
    const task = await sameTask(bench, ['true']);
    const rawCommand = await rawCommands(bench, ['true']);
    const cwd = bench.workspace;
    const { ours, docker, plain, raw, node } = await interleave(
      {
        ours: { label: 'sandbox run', run: () => wallMsOf(task.sandbox(), { cwd }) },
        docker: { label: 'docker run, same task', run: () => wallMsOf(task.dockerRun()) },
        plain: { label: 'docker run, plain', run: () => wallMsOf(task.plainDockerRun()) },
        raw: { label: 'bare API calls', run: () => wallMsOf(rawCommand()) },
        node: { label: 'node -e 0', run: () => wallMsOf([bench.node, '-e', '0']) },
      },
      { rounds: bench.isQuick ? 5 : 15, warmups: 2, unit: 'ms', say: bench.say },
    );
    const title = '`sandbox run -- true`';
    const against = (samples: readonly number[]) => ratios(ours.samples, samples);
    return {
      kind: 'measured',
      series: [ours, docker, plain, raw, node],
      comparisons: [
        {
          title,
          against: '`docker run --rm`, same image, limits, network',
          unit: '×',
          values: against(docker.samples),
          target: { bound: 'at-most', must: 1.1, goal: 0.95 },
        },
        {
          title,
          against: '`docker run --rm` with memory, CPU and process limits only',
          unit: '×',
          values: against(plain.samples),
          target: null,
        },
        {
          title,
          against: 'the floor: the bare API calls for the same container',
          unit: '×',
          values: against(raw.samples),
          target: null,
        },
        {
          title: 'the floor: the bare API calls',
          against: '`docker run --rm`, same image, limits, network',
          unit: '×',
          values: ratios(raw.samples, docker.samples),
          target: null,
        },
      ],
      notes: [
        'The bare API calls (create, attach, wait, start) do not wait until the container is removed; `docker run` does.',
      ],
    };
  },
};
