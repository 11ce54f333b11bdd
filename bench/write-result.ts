import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { plot } from './plot.ts';
import type { Result } from './result.ts';
import { markdown } from './table.ts';

/** Writes the table, the plot and the raw figures, laid out as the rest of the project is. */
export async function writeResult(result: Result, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const texts = { 'results.md': markdown(result), 'results.json': JSON.stringify(result) };
  for (const [name, text] of Object.entries(texts)) {
    const filepath = join(directory, name);
    const options = await resolveConfig(filepath);
    await writeFile(filepath, await format(text, { ...options, filepath }));
  }
  await writeFile(join(directory, 'results.svg'), plot(result));
}
