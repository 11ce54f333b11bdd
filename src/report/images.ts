import type { OwnImage } from '../engine/engine.ts';
import { sizeText } from './progress-text.ts';
import { table } from './table.ts';

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
