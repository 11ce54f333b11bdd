import stringWidth from 'fast-string-truncated-width';

/** How many columns a terminal takes for a text; its escape sequences take none, wide characters two. */
export function widthOf(text: string): number {
  return stringWidth(text).width;
}

/** At most so many columns, with `…` where something was cut off. The text has no escape sequences. */
export function cut(text: string, columns: number): string {
  const most = Math.max(0, columns);
  const { index, ellipsed } = stringWidth(text, { limit: most, ellipsis: '…' });
  return ellipsed ? `${text.slice(0, index)}…`.slice(0, most) : text.slice(0, index);
}
