export type { BatchTask } from '../../spec/batch/batch-task.ts';
