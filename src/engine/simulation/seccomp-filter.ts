import { type FilteredArchitecture, callNumbers, clone3 } from './system-calls.ts';

/** Classic BPF (linux/filter.h), as seccomp(2) takes it. */
const loadWord = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfAnyBit = 0x45;
const end = 0x06;

/** Offsets in struct seccomp_data; of an argument the low half, on these little-endian machines. */
const callOffset = 0;
const architectureOffset = 4;
const argumentOffset = (index: number) => 16 + 8 * index;

export const verdicts = {
  allow: 0x7fff0000,
  killProcess: 0x80000000,
  notPermitted: 0x00050000 + 1,
  noSuchCall: 0x00050000 + 38,
} as const;

/** CLONE_NEW… of every kind of namespace that clone(2) can make. */
const namespaceFlags = 0x7e020000;
/** Both put words into the caller's terminal. */
const terminalInjections = [0x5412, 0x541c];
const vsock = 40;

interface Instruction {
  readonly code: number;
  readonly jumpTrue?: number;
  readonly jumpFalse?: number;
  readonly value: number;
}

/**
 * What a task may ask of the kernel, as a program for bubblewrap's `--seccomp`; null for a processor without one.
 * A list of what is denied, after the default of container engines: everything else is allowed.
 */
export function seccompFilter(architecture: string): Buffer | null {
  if (architecture !== 'x64' && architecture !== 'arm64') return null;
  return encode(filterProgram(architecture));
}

function filterProgram(architecture: FilteredArchitecture): Instruction[] {
  const numbers = callNumbers[architecture];
  const { foreignFrom } = numbers;
  return [
    { code: loadWord, value: architectureOffset },
    // The numbers of another architecture, such as 32-bit programs use, mean other calls.
    { code: jumpIfEqual, value: numbers.audit, jumpTrue: 1 },
    { code: end, value: verdicts.killProcess },
    { code: loadWord, value: callOffset },
    ...(foreignFrom === null
      ? []
      : [
          { code: jumpIfAtLeast, value: foreignFrom, jumpFalse: 1 },
          { code: end, value: verdicts.noSuchCall },
        ]),
    ...Object.values(numbers.denied).flatMap((call) => deny(call, verdicts.notPermitted)),
    // Its flags are out of a filter's sight; whoever is told that it does not exist uses clone.
    ...deny(clone3, verdicts.noSuchCall),
    ...denyArgument(numbers.clone, { index: 0, test: jumpIfAnyBit, values: [namespaceFlags] }),
    ...denyArgument(numbers.ioctl, { index: 1, test: jumpIfEqual, values: terminalInjections }),
    ...denyArgument(numbers.socket, { index: 0, test: jumpIfEqual, values: [vsock] }),
    { code: end, value: verdicts.allow },
  ];
}

function deny(call: number, verdict: number): Instruction[] {
  return [
    { code: jumpIfEqual, value: call, jumpFalse: 1 },
    { code: end, value: verdict },
  ];
}

function denyArgument(
  call: number,
  { index, test, values }: { index: number; test: number; values: readonly number[] },
): Instruction[] {
  const checks = values.flatMap((value): Instruction[] => [
    { code: test, value, jumpFalse: 1 },
    { code: end, value: verdicts.notPermitted },
  ]);
  // The number of the call is gone once an argument is loaded, so what it ends in is decided here.
  const body = [
    { code: loadWord, value: argumentOffset(index) },
    ...checks,
    { code: end, value: verdicts.allow },
  ];
  return [{ code: jumpIfEqual, value: call, jumpFalse: body.length }, ...body];
}

/** struct sock_filter: u16 code, u8 jt, u8 jf, u32 k. */
function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, jumpTrue = 0, jumpFalse = 0, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
