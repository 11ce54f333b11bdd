import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

const standard = [0, 1, 2];

/**
 * Asked at the start; answers what to do just before the process ends. Node 20 sets a terminal right at its exit, and
 * crashes where that has been closed, unless it is no longer open (https://github.com/nodejs/node/issues/51519).
 */
export function watchTerminals(): { closeLost: () => void } {
  const there = standard.filter((fd) => isatty(fd));
  const closeLost = () => {
    for (const fd of there.filter((terminal) => !isatty(terminal))) closeSync(fd);
  };
  return { closeLost };
}
