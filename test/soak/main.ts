import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { Ground } from './ground.ts';
import { leftovers } from './leftovers.ts';
import { SoakBatch } from './one-batch.ts';
import { type Ended, runOne } from './one-run.ts';
import { type Plan, planOf } from './plan.ts';
import { type Soaked, figures, problemsOf } from './report.ts';

interface Asked {
  readonly tasks: number;
  readonly seed: string;
  readonly jobs: number;
}

/** Many tasks with faults that a seed decides: every receipt is there and true, nothing is left. argv → exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const asked = readArgv(argv);
  const plan = planOf(asked.tasks, asked.seed);
  const ground = await Ground.prepare();
  try {
    const soaked = await soak(plan, ground, asked);
    const problems = problemsOf(soaked);
    for (const line of figures(soaked)) console.log(line);
    for (const problem of problems) console.log(`PROBLEM ${problem}`);
    console.log(problems.length === 0 ? 'all as promised' : `${problems.length} problems`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await ground.close();
  }
}

function readArgv(argv: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      tasks: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', short: 'j', default: '4' },
    },
  });
  return { tasks: Number(values.tasks), seed: values.seed, jobs: Number(values.jobs) };
}

async function soak(plan: Plan, ground: Ground, { seed, jobs }: Asked): Promise<Soaked> {
  const startMs = performance.now();
  const runs = await runAll(plan, ground, jobs);
  console.log(`${runs.length} runs have ended`);
  const batch = await new SoakBatch(plan.batch, ground, { jobs, kills: plan.batchKills }).run();
  const garbage = await ground.collectGarbage();
  const tasks = [...plan.runs, ...plan.batch];
  const receipts = await Promise.all(tasks.map((task) => ground.place.receiptOf(task)));
  return {
    seed,
    runs,
    batch,
    engineKills: ground.engineKills,
    receipts: receipts.filter((receipt) => receipt !== null).length,
    left: await leftovers(ground, tasks),
    garbage,
    durationMs: performance.now() - startMs,
  };
}

async function runAll(plan: Plan, ground: Ground, jobs: number): Promise<Ended[]> {
  const limit = pLimit(jobs);
  const kills = [...plan.engineKills];
  let ended = 0;
  const runs = plan.runs.map((task) =>
    limit(async () => {
      const result = await runOne(task, ground);
      ended += 1;
      if (ended % 100 === 0) console.log(`${ended} of ${plan.runs.length} runs have ended`);
      if (kills[0] !== undefined && ended >= kills[0]) {
        kills.shift();
        await ground.killEngine();
      }
      return result;
    }),
  );
  return await Promise.all(runs);
}
