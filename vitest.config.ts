import { defineConfig } from 'vitest/config';

const common = { environment: 'node' as const, restoreMocks: true };
const boots = { fileParallelism: false, testTimeout: 1_800_000, hookTimeout: 1_800_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
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
          name: 'boot',
          include: ['test/boot/**/*.test.ts'],
          exclude: ['test/boot/more/**'],
        },
      },
      // Boots of a kind that `npm test` has already.
      { test: { ...common, ...boots, name: 'more-boots', include: ['test/boot/more/**/*.test.ts'] } },
    ],
  },
});
