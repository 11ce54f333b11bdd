import type { Row } from './row.ts';
import { batchDocker } from './rows/batch-docker.ts';
import { batchSimulation } from './rows/batch-simulation.ts';
import { output } from './rows/output.ts';
import { runSimulation } from './rows/run-simulation.ts';
import { runTrue } from './rows/run-true.ts';
import { slowReader } from './rows/slow-reader.ts';
import { version } from './rows/version.ts';

/** In the order in which they are measured and shown. */
export const rows: readonly Row[] = [
  version,
  runTrue,
  runSimulation,
  output,
  slowReader,
  batchDocker,
  batchSimulation,
];
