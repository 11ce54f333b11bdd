import { readFile } from 'node:fs/promises';
import { SaxesParser } from 'saxes';
import type { PageData } from '../../src/report/batch/html/page-data.ts';

/** One case of a JUnit file. */
interface JunitCase {
  readonly id: string;
  /** `passed`, or the name of the element in it. */
  verdict: string;
  /** The status of the task, where it is told. */
  type: string | null;
}

export interface Junit {
  readonly totals: Readonly<Record<string, number>>;
  readonly cases: readonly JunitCase[];
}

/** Reads as a strict parser does. */
export async function readJunit(path: string): Promise<Junit> {
  const cases: JunitCase[] = [];
  let totals = {};
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const at = (key: string) => attributes[key] ?? '';
    if (name === 'testsuite') {
      const names = ['tests', 'failures', 'errors', 'skipped'];
      totals = Object.fromEntries(names.map((key) => [key, Number(at(key))]));
    } else if (name === 'testcase') cases.push({ id: at('name'), verdict: 'passed', type: null });
    else if (['failure', 'error', 'skipped'].includes(name)) {
      Object.assign(cases.at(-1) ?? {}, { verdict: name, type: attributes.type ?? null });
    }
  });
  parser.write(await readFile(path, 'utf8')).close();
  return { totals, cases };
}

/** What the page shows, and of which tasks it has details. */
export async function readReportData(path: string) {
  const page = await readFile(path, 'utf8');
  const blocks = page.matchAll(
    /<script type="application\/json" id="(data|detail-(\d+))">(.*?)<\/script>/gs,
  );
  let data: PageData | null = null;
  const details = new Set<number>();
  for (const [, id, index, json = ''] of blocks) {
    const value = JSON.parse(json) as unknown;
    if (id === 'data') data = value as PageData;
    else details.add(Number(index));
  }
  if (!data) throw new Error(`no data in ${path}`);
  return { data, details };
}
