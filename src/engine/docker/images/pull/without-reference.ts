import { pinOf, splitReference } from './registry-reference.ts';

/**
 * What an engine says of a pull without the name that it was asked for, which may have words and numbers in it that
 * mean something else there: `app:build-403` is not forbidden.
 */
export function withoutReference(said: string, reference: string): string {
  const { fromImage, tag } = splitReference(reference);
  const [repository = ''] = fromImage.split('@');
  const path = repository.replace(/^[^/]*[.:][^/]*\//, '').replace(/^library\//, '');
  const names = [reference, repository, path].map(escaped).join('|');
  const ends = [tag, pinOf(reference)].filter((end) => end !== null).map(escaped);
  const bare = [names, `library/${escaped(path)}`, ...ends].join('|');
  return (
    said
      .replace(/https?:\/\/[^\s"']+/g, '…')
      // With a tag or a digest, and perhaps a registry before it.
      .replace(new RegExp(`(?<![\\w.-])(?:[\\w.:-]+/)*(?:${names})[:@][\\w.:+-]*\\w`, 'g'), '…')
      // Alone it may be any word, so that what stands before it tells.
      .replace(
        new RegExp(`(?<=${introductions}) "?(?:[\\w.:-]+/)*(?:${bare})(?![\\w.-])`, 'gi'),
        ' …',
      )
  );
}

const introductions = String.raw`\b(?:for|repository|manifest|reference|tag|by|in|artifact)`;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
