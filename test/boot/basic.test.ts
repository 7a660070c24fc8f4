import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { openLayout } from '../../src/oci/layout.ts';
import { readTestResults } from '../../src/oci/test-result.ts';
import { basic } from '../../src/vm/suites/basic.ts';
import { imageOf } from '../integration/fixture.ts';
import { bootExample, failures } from './boot.ts';

test('the example passes the basic tests, and the verdict is stored beside its container', async () => {
  const { directory, report } = await bootExample(['basic'], 'bios');
  expect(failures(report)).toEqual([]);
  expect(report.passed).toBe(true);
  const [suite] = report.suites;
  expect(suite).toMatchObject({ suite: 'basic', complete: true, firmware: 'bios' });
  expect(suite?.tests.map(({ name }) => name)).toEqual(['boot', ...basic.tests.map(({ name }) => name)]);
  expect(await readFile(suite?.consoleLog ?? '', 'latin1')).toContain('Linux version');

  const { descriptor } = await imageOf(directory);
  const { results: stored } = await readTestResults(
    await openLayout(resolve(directory, 'oci')),
    descriptor.digest,
    Date.now(),
  );
  expect(stored.at(-1)?.result).toMatchObject({
    subject: descriptor.digest,
    suite: 'basic',
    complete: true,
    tests: suite?.tests,
  });
});
