import { defineConfig } from 'vitest/config';
import { viteInlined } from './scripts/inlined.mjs';

/** They measure CPU time and leftovers, take away what every task shares, or leave what every run removes. */
const alone = [
  'test/conformance/battery.test.ts',
  'test/e2e/battery-sabotage.test.ts',
  'test/e2e/killed-phases.test.ts',
  'test/e2e/networks.test.ts',
];

/** What is to come about may take a while on a busy machine; as long as it has not, a second decides nothing. */
const patient = { expect: { poll: { timeout: 60_000 } } };

/** Most of their time they wait for the engine. */
const sideBySide = { ...patient, maxWorkers: 4, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [viteInlined],
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          isolate: false,
          // Some make ten thousand files; a machine may be busy with something else.
          testTimeout: 60_000,
        },
      },
      {
        plugins: [viteInlined],
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          exclude: alone,
          globalSetup: 'test/helpers/build.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...sideBySide,
        },
      },
      {
        plugins: [viteInlined],
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: alone,
          globalSetup: 'test/helpers/build.ts',
          testTimeout: 90_000,
          hookTimeout: 300_000,
          ...sideBySide,
        },
      },
      {
        plugins: [viteInlined],
        test: {
          name: 'alone',
          include: alone,
          globalSetup: 'test/helpers/build.ts',
          testTimeout: 90_000,
          hookTimeout: 300_000,
          ...patient,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
