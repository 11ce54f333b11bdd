import type { OwnImage } from '../engine/engine.ts';
import { sizeText } from './progress-text.ts';
import { table } from './table.ts';

/** Of what a table of images does not show. */
export function leftoversNote({ count, bytes }: { count: number; bytes: number }): string {
  const parts = count === 1 ? '1 part' : `${count} parts`;
  return `besides, ${parts} of failed builds, ${sizeText(bytes)}; to remove them: sandbox image prune`;
}

export function imageTable(images: readonly OwnImage[]): string {
  const rows = images.map(({ reference, id, profile, createdAt, bytes, minimal }) => [
    reference,
    id.replace(/^sha256:/, '').slice(0, 12),
    minimal ? `${profile} (minimal)` : profile,
    createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    sizeText(bytes),
  ]);
  return table(['REFERENCE', 'ID', 'PROFILE', 'CREATED', 'SIZE'], rows);
}
