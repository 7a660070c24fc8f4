import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const common = { environment: 'node' as const, restoreMocks: true, maxWorkers: availableParallelism() };
/** Systems are built and booted when all else is tested: a fault in a function shows in seconds, in a system in minutes. */
const systems = { ...common, sequence: { groupOrder: 1 } };
/** An emulated machine on a slow one: an installation is four boots. */
const boots = { ...systems, testTimeout: 3_600_000, hookTimeout: 3_600_000 };

/** What takes longest begins first: no boot is left over when all other work is done. */
class BootsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isBoot = ({ moduleId }: TestSpecification) => moduleId.includes('/test/boot/');
    return [...sorted.filter(isBoot), ...sorted.filter((file) => !isBoot(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: BootsFirst },
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
