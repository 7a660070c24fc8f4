import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { storeImage } from '../helpers/image.ts';
import { type Entry, tarOf } from '../helpers/ostree-layers.ts';
import { file, goodEntries, goodLabels } from '../lint/support.ts';
import { cosa } from './in-process.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-lint-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Stores a container of these layers, and gives its digest. */
async function store(...layers: Entry[][]): Promise<string> {
  await using layout = await openLayoutForWriting(join(directory, 'oci'));
  const labels = { ...goodLabels, 'org.opencontainers.image.version': '13.1' };
  const image = await storeImage(layout, layers.map(tarOf), labels);
  await layout.setTags(['it'], image);
  return image.digest;
}

const lint = (...args: string[]) => cosa(['lint', '--quiet', `oci:${directory}/oci:it`, ...args]);

test('a good container passes', async () => {
  const digest = await store(goodEntries());
  expect(await lint()).toEqual({ status: 0, stdout: `13.1, ${digest}: 20 rules hold\n`, stderr: '' });
});

test('a derived container is checked as it will run; warnings alone are no failure unless they shall be', async () => {
  const logs = Array.from({ length: 7 }, (_, index) => file(`tmp/leftover-${index}\u001b[2J`));
  const digest = await store(goodEntries(), logs);
  const { status, stdout } = await lint();
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: [
      'warning: nonempty-run-tmp (bootc): it is not so that /run and /tmp are empty',
      ...[0, 1, 2, 3, 4].map((index) => `  /tmp/leftover-${index}\\x1b[2J`),
      '  and 2 more',
      'hint: remove the files: both directories are made anew at each boot; ship a tmpfiles.d file instead',
      '',
      `13.1, ${digest}: 19 rules hold, 1 warning`,
      '',
    ].join('\n'),
  });
  expect(await lint('--fatal-warnings')).toMatchObject({ status: 4 });
});

test('an error is exit status 4, for programs with all that was found', async () => {
  const digest = await store(goodEntries(), [file('var/.wh.none'), file('.wh.sysroot')]);
  const { status, stdout } = await lint('--json');
  expect(status).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({
    digest,
    unchecked: [],
    findings: [
      {
        name: 'baseimage-root',
        level: 'error',
        source: 'bootc',
        claim: expect.any(String) as string,
        advice: expect.any(String) as string,
        details: ['/sysroot is no directory'],
      },
    ],
  });
});
