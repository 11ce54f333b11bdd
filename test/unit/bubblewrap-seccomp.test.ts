import { describe, expect, test } from 'vitest';
import { seccompFilter, verdicts } from '../../src/engine/simulation/seccomp-filter.ts';
import { callNumbers } from '../../src/engine/simulation/system-calls.ts';

interface Call {
  readonly audit: number;
  readonly number: number;
  readonly args?: readonly number[];
}

/** What the kernel would answer: the few instructions of classic BPF that a filter is made of. */
function run(filter: Buffer, { audit, number, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(audit, 4);
  for (const [index, value] of args.entries()) {
    data.writeBigUInt64LE(BigInt(value), 16 + index * 8);
  }
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const code = filter.readUInt16LE(at * 8);
    const [whenTrue, whenFalse] = [filter[at * 8 + 2] ?? 0, filter[at * 8 + 3] ?? 0];
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    if (code === 0x15) at += accumulator === value ? whenTrue : whenFalse;
    if (code === 0x35) at += accumulator >= value ? whenTrue : whenFalse;
    if (code === 0x45) at += (accumulator & value) !== 0 ? whenTrue : whenFalse;
  }
  throw new Error('the program has no end');
}

describe.each(['x64', 'arm64'] as const)('the filter for %s', (architecture) => {
  const filter = seccompFilter(architecture) ?? Buffer.alloc(0);
  const { audit, denied, clone, socket, ioctl } = callNumbers[architecture];
  const ask = (number: number, ...args: number[]) => run(filter, { audit, number, args });

  test.each(Object.entries(denied))('denies %s', (_, number) => {
    expect(ask(number)).toBe(verdicts.notPermitted);
  });

  test('allows every other call', () => {
    const known = new Set([...Object.values(denied), 435]);
    const others = Array.from({ length: 470 }, (_, number) => number).filter(
      (number) => !known.has(number),
    );
    expect(others.filter((number) => ask(number) !== verdicts.allow)).toEqual([]);
  });

  test('allows processes and threads, and no namespaces', () => {
    const [fork, thread, newUser, newNetwork] = [17, 0x3d0f00, 0x10000011, 0x40000011];
    expect(ask(clone, fork)).toBe(verdicts.allow);
    expect(ask(clone, thread)).toBe(verdicts.allow);
    expect(ask(clone, newUser)).toBe(verdicts.notPermitted);
    expect(ask(clone, newNetwork)).toBe(verdicts.notPermitted);
    expect(ask(435)).toBe(verdicts.noSuchCall);
  });

  test('allows sockets but those of virtual machines, and terminals but typing into them', () => {
    expect(ask(socket, 1)).toBe(verdicts.allow);
    expect(ask(socket, 40)).toBe(verdicts.notPermitted);
    expect(ask(ioctl, 0, 0x5401)).toBe(verdicts.allow);
    expect(ask(ioctl, 0, 0x5412)).toBe(verdicts.notPermitted);
    // The kernel looks at the low half of a command only.
    expect(ask(ioctl, 0, 0x1_0000_5412)).toBe(verdicts.notPermitted);
  });

  test('ends a program of another architecture', () => {
    expect(run(filter, { audit: 0x40000003, number: 1 })).toBe(verdicts.killProcess);
  });
});

test('the other way of calling the kernel on x64 is closed', () => {
  const { audit } = callNumbers.x64;
  const filter = seccompFilter('x64') ?? Buffer.alloc(0);
  expect(run(filter, { audit, number: 0x40000000 + 39 })).toBe(verdicts.noSuchCall);
});

test('there is none for other processors', () => {
  expect(seccompFilter('riscv64')).toBeNull();
});
