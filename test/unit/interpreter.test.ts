import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { interpreterOf } from '../../src/engine/interpreter.ts';

describe('what a program needs to start', () => {
  test.each([
    ['#!/bin/sh\necho', '/bin/sh'],
    ['#! /bin/sh -e\necho', '/bin/sh'],
    ['#!/usr/bin/env\tnode\n', '/usr/bin/env'],
    ['#!/bin/sh', '/bin/sh'],
    ['#!/bin/sh\r\necho', '/bin/sh'],
    ['echo', null],
    ['', null],
    ['#', null],
    ['\x7fELF', null],
  ])('of %j is %s', (head, interpreter) => {
    expect(interpreterOf(Buffer.from(head, 'latin1'))).toBe(interpreter);
  });

  test('of a dynamically linked program is a loader that is there', () => {
    const program = readFileSync(process.execPath).subarray(0, 4096);
    const loader = interpreterOf(program);
    expect(loader).toMatch(/^\/.*ld.*\.so/);
    expect(() => readFileSync(loader ?? '')).not.toThrow();
  });

  test('is not known where the file is cut before it says so', () => {
    const program = readFileSync(process.execPath);
    for (const length of [4, 63, 64, 100])
      expect(interpreterOf(program.subarray(0, length))).toBeNull();
  });
});
