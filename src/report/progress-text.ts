import type { ImageProgress, MakingImage } from '../engine/engine.ts';
import { unreachable } from '../failure.ts';
import { printable } from './terminal.ts';

const doing = { pull: 'pulling', build: 'building' } as const;
const done = { pull: 'pulled', build: 'built' } as const;

/** For a line that is rewritten: the latest alone, without what it is about where that is not known. */
export function liveText(progress: ImageProgress, making: MakingImage | null): string {
  const subject = making ? `${doing[making.what]} ${nameOf(making)}` : 'making an image';
  switch (progress.kind) {
    case 'begin':
    case 'end':
      return subject;
    case 'step':
      return `${subject} · step ${progress.step}/${progress.steps}: ${printable(progress.text)}`;
    case 'layers':
      return `${subject} · ${layersText(progress)}`;
    case 'waiting':
      return waitingText(progress.reference);
    case 'retry':
      return `${subject} · ${retryText(progress)}`;
    default:
      return unreachable(progress);
  }
}

/** For a log: what is worth a line of its own; null for the rest. */
export function plainText(progress: ImageProgress, elapsedMs: number): string | null {
  switch (progress.kind) {
    case 'begin':
      return `${doing[progress.what]} ${nameOf(progress)}`;
    case 'end':
      return `${done[progress.what]} ${nameOf(progress)} in ${elapsedText(elapsedMs)}`;
    case 'step':
      return `step ${progress.step}/${progress.steps}: ${printable(progress.text)}`;
    case 'waiting':
      return waitingText(progress.reference);
    case 'retry':
      return retryText(progress);
    case 'layers':
      return null;
    default:
      return unreachable(progress);
  }
}

function nameOf({ reference, platform }: MakingImage): string {
  return printable(platform === null ? reference : `${reference} for ${platform}`);
}

/** `0.4 s`, `12 s`, `3 min 5 s`. */
export function elapsedText(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function waitingText(reference: string): string {
  return `waiting for another build of ${printable(reference)}`;
}

function retryText({ reason, afterMs }: { reason: string; afterMs: number }): string {
  return `again in ${elapsedText(afterMs)}: ${printable(reason)}`;
}

function layersText({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number | null }) {
  return totalBytes === null
    ? `${sizeText(doneBytes)} so far`
    : `${sizeText(doneBytes)} of ${sizeText(totalBytes)}`;
}

/** To one decimal, as people want it. */
export function sizeText(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes < 1024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
