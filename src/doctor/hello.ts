import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { messageOf } from '../failure.ts';
import { type Receipt, receiptSchema } from '../receipt/receipt.ts';
import { type Patient, helloText } from './patient.ts';

/** Everything about a harmless task that is not as it must be. */
export async function faultsOfHello(patient: Patient, receipt: Receipt): Promise<string[]> {
  const common = async () => [
    ...(await faultsOfFile(patient, receipt)),
    ...(await leftovers(patient)),
  ];
  if (isWithoutShell(receipt)) return await common();
  if (receipt.error) return [receipt.error.message];
  const expectations = [
    [receipt.status, 'passed', 'status'],
    [receipt.exitCode, 0, 'exit code'],
    [receipt.stdout.text, helloText, 'output'],
    [receipt.stderr.text, '', 'error output'],
    [receipt.evidence.removed, true, 'removed'],
  ] as const;
  const wrong = expectations
    .filter(([found, expected]) => found !== expected)
    .map(
      ([found, expected, what]) =>
        `expected the ${what} to be ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`,
    );
  return [...wrong, ...(await common())];
}

/** The task is a line for sh, which an image need not have. */
export function isWithoutShell({ error }: Receipt): boolean {
  return error?.code === 'command-not-found';
}

async function faultsOfFile({ spec }: Patient, receipt: Receipt): Promise<string[]> {
  try {
    const written = v.parse(receiptSchema, JSON.parse(await readFile(spec.receiptPath, 'utf8')));
    const told: unknown = JSON.parse(JSON.stringify(receipt));
    return isDeepStrictEqual(written, told) ? [] : ['the receipt on disk is another one'];
  } catch (error) {
    return [`the receipt cannot be read back: ${messageOf(error)}`];
  }
}

async function leftovers(patient: Patient): Promise<string[]> {
  const { diagnosis } = await patient.engine();
  const left = (await diagnosis?.leftovers(patient.spec.id)) ?? [];
  return left.map((name) => `left behind: ${name}`);
}
