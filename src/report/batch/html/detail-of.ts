import type { Receipt } from '../../../receipt/receipt.ts';
import { endText, evidenceFacts } from '../../evidence-facts.ts';
import { outputTails } from '../receipt-output.ts';
import type { PageDetail } from './page-data.ts';

/** Of both streams of one task together. */
const mostOutputBytes = 64 * 1024;
const mostFactCharacters = 4000;

/** What the receipt knows of how the task ended. */
export function detailOf(receipt: Receipt): PageDetail {
  const { stdout, stderr } = outputTails(receipt, mostOutputBytes);
  return { facts: factsOf(receipt), output: { stdout, stderr } };
}

function factsOf(receipt: Receipt): PageDetail['facts'] {
  const { error, task, image, isolation, engine } = receipt;
  const facts: readonly (readonly [string, string | null])[] = [
    ['Error', error && [error.message, error.hint ?? ''].join('\n').trim()],
    ['Command ended', task && endText(task)],
    ...evidenceFacts(receipt),
    ['Image', image?.reference ?? null],
    ['Isolation', isolation.level],
    ['Engine', engine?.product ?? engine?.name ?? null],
    ['Not enforced', isolation.notEnforced.join(', ')],
    ['Workspace', receipt.workspace.path],
  ];
  return facts.flatMap(([label, text]) =>
    text === null || text === '' ? [] : [[label, text.slice(0, mostFactCharacters)] as const],
  );
}
