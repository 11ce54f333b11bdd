import { rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { EngineFacts } from '../engine/engine.ts';
import { simulationCapability } from '../engine/simulation/simulation-engine.ts';
import { SandboxFailure } from '../failure.ts';
import { ReceiptPlace } from '../receipt/write-receipt.ts';
import { formatBytes } from '../spec/bytes.ts';
import { isolationLevels } from '../spec/choices.ts';
import { type Check, type Finding, bad, good, unchecked } from './check.ts';
import { faultsOfHello, isWithoutShell } from './hello.ts';
import type { Patient } from './patient.ts';

const quickLimitMs = 6_000;
/** Ample for an image that is there; one that is not is pulled for as long. */
const imageLimitMs = 60_000;
const helloLimitMs = 30_000;
/** Labels and receipts carry times of both clocks. */
const mostSkewMs = 5_000;
const leastReceiptDiskBytes = 64 * 1024 ** 2;
const leastTemporaryDiskBytes = 256 * 1024 ** 2;

const needsEngine = { needs: ['engine'], applies: hasEngine } as const;

/** Every pre-flight check, in the order in which they are shown. */
export const checks: readonly Check[] = [
  { name: 'engine', limitMs: quickLimitMs, needs: [], run: checkEngine },
  { name: 'socket', limitMs: quickLimitMs, needs: [], applies: hasEngine, run: checkSocket },
  { name: 'clock', limitMs: quickLimitMs, ...needsEngine, run: checkClock },
  { name: 'image', limitMs: imageLimitMs, ...needsEngine, run: checkImage },
  { name: 'network', limitMs: quickLimitMs, ...needsEngine, run: checkNetwork },
  { name: 'receipts', limitMs: quickLimitMs, needs: [], run: checkReceipts },
  { name: 'disk', limitMs: quickLimitMs, needs: [], run: checkDisk },
  {
    name: 'hello',
    limitMs: helloLimitMs,
    needs: ['engine', 'image', 'network', 'receipts'],
    run: checkHello,
  },
  { name: 'isolation', limitMs: quickLimitMs, needs: ['hello'], run: checkIsolation },
];

function hasEngine({ spec }: Patient): boolean {
  return spec.engine !== 'simulation';
}

async function checkEngine(patient: Patient): Promise<Finding> {
  try {
    return good(describe((await patient.engine()).facts));
  } catch (error) {
    if (isDenied(error)) return unchecked('socket');
    throw error;
  }
}

function describe(facts: EngineFacts): string {
  const { product, name, version, address, runtime, cgroupVersion, rootless } = facts;
  const where = address === null ? '' : ` at ${address}`;
  const details = [
    ...(runtime === null ? [] : [runtime]),
    ...(cgroupVersion === null ? [] : [`cgroup v${cgroupVersion}`]),
    ...(rootless === true ? ['rootless'] : []),
  ];
  const what = name === 'simulation' ? `simulation (${product ?? '?'})` : (product ?? name);
  return `${what} ${version ?? ''}${where}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

/** Only this one fails where there is an engine that may not be used: its remedy is another one. */
async function checkSocket(patient: Patient): Promise<Finding | null> {
  try {
    const { facts } = await patient.engine();
    return good(`${facts.address ?? 'the engine'} may be used`);
  } catch (error) {
    if (isDenied(error)) throw error;
    return null;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof SandboxFailure && error.code === 'engine-permission-denied';
}

async function checkClock(patient: Patient, cancel: AbortSignal): Promise<Finding> {
  const { diagnosis } = await patient.engine();
  const beforeMs = Date.now();
  const clock = (await diagnosis?.clock(cancel)) ?? null;
  if (clock === null) return good('the engine does not tell its time');
  const afterMs = Date.now();
  const aheadMs = Math.max(beforeMs - clock.getTime(), clock.getTime() - afterMs, 0);
  const said = `${(aheadMs / 1000).toFixed(1)} s between this host's clock and the engine's`;
  if (aheadMs <= mostSkewMs) return good(said);
  return bad(
    said,
    'Set both clocks by NTP; after sleep, restart the virtual machine of the engine.',
  );
}

async function checkImage(patient: Patient, cancel: AbortSignal): Promise<Finding> {
  const { diagnosis } = await patient.engine();
  const { spec } = patient;
  const image = await diagnosis?.image(spec, patient.createContext(cancel));
  if (!image) return good(spec.image);
  const found = `${image.reference} (${image.id.replace('sha256:', '').slice(0, 12)})`;
  if (!image.minimal) return good(found);
  const said = `${found}, only a stand-in for the image of profile "${spec.profile}": a shell and core tools`;
  const remedy = `What keeps it from being built: sandbox image build ${spec.profile}`;
  return { ...good(said), remedy };
}

async function checkNetwork(patient: Patient, cancel: AbortSignal): Promise<Finding> {
  const { diagnosis } = await patient.engine();
  await diagnosis?.network(patient.spec, cancel);
  return good(`${patient.spec.network} is ready`);
}

/** In the way that a run takes its place, and leaving nothing. */
async function checkReceipts({ spec }: Patient): Promise<Finding> {
  const directory = dirname(spec.receiptPath);
  const wasThere = await isThere(directory);
  const place = await ReceiptPlace.reserve(spec.receiptPath);
  await place.release();
  if (!wasThere) await rmdir(directory).catch(() => undefined);
  return good(`${directory} can be written to`);
}

async function checkDisk({ spec }: Patient): Promise<Finding> {
  const places = [
    { path: dirname(spec.receiptPath), leastBytes: leastReceiptDiskBytes },
    { path: tmpdir(), leastBytes: leastTemporaryDiskBytes },
  ];
  const found = await Promise.all(
    places.map(async (place) => ({ ...place, freeBytes: await freeBytes(place.path) })),
  );
  const said = found.map(({ path, freeBytes: free }) => `${gibibytes(free)} free at ${path}`);
  const full = found.find(({ freeBytes: free, leastBytes }) => free < leastBytes);
  if (!full) return good(said.join(', '));
  const least = formatBytes(full.leastBytes);
  return bad(
    said.join(', '),
    `Free at least ${least} at ${full.path}, or set SANDBOX_RECEIPT_DIR or TMPDIR.`,
  );
}

/** Of the file system that the path would be on, which need not exist yet. */
async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (dirname(path) === path) throw error;
    return await freeBytes(dirname(path));
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** A real task, and its receipt read back; both are gone afterwards. */
async function checkHello(patient: Patient, cancel: AbortSignal): Promise<Finding> {
  const { spec } = patient;
  const directory = dirname(spec.receiptPath);
  const wasThere = await isThere(directory);
  try {
    const receipt = await patient.hello(cancel);
    const faults = await faultsOfHello(patient, receipt);
    const hint = receipt.error?.hint ?? null;
    if (faults.length > 0) return bad(faults.join('; '), hint);
    if (isWithoutShell(receipt)) return withoutShell;
    const tookMs = Math.round(receipt.timing.durationMs ?? 0);
    return good(`a task ran in ${tookMs} ms, its receipt is right, nothing is left of it`);
  } finally {
    await unlink(spec.receiptPath).catch(() => undefined);
    if (!wasThere) await rmdir(directory).catch(() => undefined);
  }
}

/** Nothing that is wrong with an image of one program, nor anything that was seen to work. */
const withoutShell: Finding = {
  ok: true,
  checked: false,
  finding: 'the image has no sh, so nothing in it could say hello',
  remedy: null,
};

async function checkIsolation(patient: Patient): Promise<Finding | null> {
  const { told, spec } = patient;
  if (!told) return null;
  const { level, notEnforced, simulated } = told.isolation;
  const missing = notEnforced.length === 0 ? '' : `; not enforced: ${notEnforced.join(', ')}`;
  const { reason, remedy } = simulated === true ? await whyNoMore(patient) : engineRemedy;
  const said = `${level ?? 'unknown'}${reason}${missing}`;
  const reached = level === null ? -1 : isolationLevels.indexOf(level);
  if (reached >= isolationLevels.indexOf(spec.isolation)) {
    return { ...good(said), remedy: simulated === true ? remedy : null };
  }
  return bad(
    `${spec.isolation} was asked for, there is only ${said}`,
    remedy ?? engineRemedy.remedy,
  );
}

const engineRemedy = {
  reason: '',
  remedy: 'Choose an engine or a --runtime that isolates more, or accept less with --isolation.',
};

/** What keeps a simulation from holding more on this host. */
async function whyNoMore({ env }: Patient): Promise<{ reason: string; remedy: string | null }> {
  const { reason, remedy, cgroupReason } = await simulationCapability(env);
  const reasons = [reason, cgroupReason].filter((text) => text !== null);
  return { reason: reasons.length === 0 ? '' : ` (${reasons.join('; ')})`, remedy };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
