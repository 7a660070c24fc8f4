import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const common = { environment: 'node' as const, restoreMocks: true };
/** Systems are built and booted one after the other, when all else is tested. */
const systems = { ...common, fileParallelism: false, sequence: { groupOrder: 1 } };
/** An emulated machine on a slow one: an installation is four boots. */
const boots = { ...systems, testTimeout: 3_600_000, hookTimeout: 3_600_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          maxWorkers: availableParallelism(),
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/boot/**'],
          // Generous: on a busy machine, what takes a second alone takes many.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...systems,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 1_200_000,
        },
      },
      {
        test: {
          ...boots,
          name: 'boot',
          include: ['test/boot/**/*.test.ts'],
          exclude: ['test/boot/more/**'],
        },
      },
      // Boots of a kind that `npm test` has already.
      { test: { ...boots, name: 'more-boots', include: ['test/boot/more/**/*.test.ts'] } },
    ],
  },
});
