// node register-runtimes.mjs FILE JSON: adds runtimes to Docker's daemon.json and keeps whatever else it holds.
// Exits 3 where nothing had to be changed.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [, , file, json] = process.argv;
const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
// What is registered under a name already is somebody's own.
const runtimes = { ...JSON.parse(json), ...before.runtimes };
if (Object.keys(runtimes).length === Object.keys(before.runtimes ?? {}).length) process.exit(3);

mkdirSync(dirname(file), { recursive: true });
writeFileSync(`${file}.new`, `${JSON.stringify({ ...before, runtimes }, null, 2)}\n`);
renameSync(`${file}.new`, file);
