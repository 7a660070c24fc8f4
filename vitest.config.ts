import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const common = { environment: 'node' as const, restoreMocks: true };
const boots = { testTimeout: 1_800_000, hookTimeout: 1_800_000 };

/** One project after the other: each has its own number of files at a time. */
const turn = (groupOrder: number) => ({ sequence: { groupOrder } });

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          ...turn(0),
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
          ...common,
          ...turn(1),
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 1_200_000,
        },
      },
      {
        test: {
          ...common,
          ...boots,
          ...turn(2),
          name: 'boot',
          // An emulated machine keeps one processor busy, and has 2 GiB.
          maxWorkers: 2,
          include: ['test/boot/**/*.test.ts'],
          exclude: ['test/boot/more/**'],
        },
      },
      // Boots of a kind that `npm test` has already.
      {
        test: {
          ...common,
          ...boots,
          ...turn(3),
          name: 'more-boots',
          include: ['test/boot/more/**/*.test.ts'],
          fileParallelism: false,
        },
      },
    ],
  },
});
