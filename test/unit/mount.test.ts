import { describe, expect, test } from 'vitest';
import { parseMount, parseTmpfs, parseVolume } from '../../src/spec/mount.ts';

const bind = { type: 'bind', source: '/a', target: '/b', readOnly: true } as const;
const volume = { type: 'volume', source: 'data', target: '/b', readOnly: true } as const;

describe('--volume', () => {
  test.each([
    ['/a:/b', bind],
    ['/a:/b:ro', bind],
    ['/a:/b:rw', { ...bind, readOnly: false }],
    ['./a:/b', { ...bind, source: './a' }],
    ['../a:/b', { ...bind, source: '../a' }],
    ['.:/b', { ...bind, source: '.' }],
    ['a/c:/b', { ...bind, source: 'a/c' }],
    ['data:/b', volume],
    ['data:/b:rw', { ...volume, readOnly: false }],
  ])('"%s" is read', (text, mount) => {
    expect(parseVolume(text)).toEqual(mount);
  });

  test.each([
    ['/a', 'SOURCE:TARGET'],
    ['', 'SOURCE:TARGET'],
    [':/b', 'SOURCE:TARGET'],
    ['/a:', 'SOURCE:TARGET'],
    ['/a:/b:rx', 'SOURCE:TARGET'],
    ['/a:/b:', 'SOURCE:TARGET'],
    ['/a:/b:ro:rw', 'use --mount for paths with a colon'],
    ['/a:b', 'an absolute target path other than /'],
    ['/a:/', 'an absolute target path other than /'],
    ['/a://', 'an absolute target path other than /'],
    ['/a:/b/../etc', 'an absolute target path other than /'],
    ['x:/b', 'the name of a volume'],
    ['_data:/b', 'the name of a volume'],
    ['da ta:/b', 'the name of a volume'],
  ])('"%s" is refused', (text, expected) => {
    expect(() => parseVolume(text)).toThrow(expected);
    expect(() => parseVolume(text)).toThrow(`got ${JSON.stringify(text)}`);
  });
});

describe('--mount', () => {
  test.each([
    ['type=bind,source=/a,target=/b', bind],
    ['type=bind,src=/a,dst=/b', bind],
    ['destination=/b,src=/a,type=bind', bind],
    ['type=bind,source=/a,target=/b,readonly', bind],
    ['type=bind,source=/a,target=/b,ro', bind],
    ['type=bind,source=/a,target=/b,readonly=true', bind],
    ['type=bind,source=/a,target=/b,rw,readonly', bind],
    ['type=bind,source=/a,target=/b,rw', { ...bind, readOnly: false }],
    ['type=bind,source=/a,target=/b,rw=1', { ...bind, readOnly: false }],
    ['type=bind,source=/a,target=/b,readonly=false', { ...bind, readOnly: false }],
    ['type=bind,source=/a,target=/b,rw=false', bind],
    ['type=bind,source=/a:c,target=/b', { ...bind, source: '/a:c' }],
    ['type=bind,source=/a=c,target=/b', { ...bind, source: '/a=c' }],
    ['type=bind,"source=/a,c",target=/b', { ...bind, source: '/a,c' }],
    ['"type=bind","source=/a""c","target=/b"', { ...bind, source: '/a"c' }],
    ['type=volume,source=data,target=/b', volume],
    ['source=data,target=/b', volume],
  ])('"%s" is read', (text, mount) => {
    expect(parseMount(text)).toEqual(mount);
  });

  test.each([
    ['', 'type=bind|volume'],
    ['type=tmpfs,source=a,target=/b', 'type=bind|volume'],
    ['type=bind,target=/b', 'type=bind|volume'],
    ['type=bind,source=,target=/b', 'type=bind|volume'],
    ['type=bind,source=/a', 'type=bind|volume'],
    ['type=bind,source=/a,target=/b,propagation=shared', 'type=bind|volume'],
    ['type=bind,source=/a,target=/b,', 'type=bind|volume'],
    ['type=bind,source=/a,target=/b,ro=maybe', 'type=bind|volume'],
    ['type=bind,"source=/a"c,target=/b', 'quoted as in CSV'],
    ['type=bind,"source=/a,target=/b', 'quoted as in CSV'],
    ['type=bind,source=/a"c,target=/b', 'quoted as in CSV'],
    ['type=bind,source=/a,target=b', 'an absolute target path other than /'],
    ['type=bind,source=/a,target=/', 'an absolute target path other than /'],
    ['type=bind,source=/a,target=/b/..', 'an absolute target path other than /'],
    ['type=volume,source=/a,target=/b', 'the name of a volume'],
  ])('"%s" is refused', (text, expected) => {
    expect(() => parseMount(text)).toThrow(expected);
    expect(() => parseMount(text)).toThrow(`got ${JSON.stringify(text)}`);
  });
});

describe('--tmpfs', () => {
  test.each([
    ['/scratch', { target: '/scratch', sizeBytes: null }],
    ['/scratch:size=64m', { target: '/scratch', sizeBytes: 64 * 1024 ** 2 }],
  ])('"%s" is read', (text, tmpfs) => {
    expect(parseTmpfs(text)).toEqual(tmpfs);
  });

  test.each([
    ['', '/TARGET or /TARGET:size=64m'],
    ['/', '/TARGET or /TARGET:size=64m'],
    ['scratch', '/TARGET or /TARGET:size=64m'],
    ['/a/../b', '/TARGET or /TARGET:size=64m'],
    ['/a:', '/TARGET or /TARGET:size=64m'],
    ['/a:size=', '/TARGET or /TARGET:size=64m'],
    ['/a:exec', '/TARGET or /TARGET:size=64m'],
    ['/a:size=1m:size=2m', '/TARGET or /TARGET:size=64m'],
    ['/a:size=12x', 'a size such as 512m or 2g'],
  ])('"%s" is refused', (text, expected) => {
    expect(() => parseTmpfs(text)).toThrow(expected);
  });
});
