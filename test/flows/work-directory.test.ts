import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWorkDirectory, readSettings, writeSettings } from '../../src/flows/work-directory.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-work-'));
});
afterEach(async () => rm(base, { recursive: true, force: true }));

test('is found from any directory below it, with absolute paths', async () => {
  const settings = {
    config: { source: 'https://example.com/os.git', branch: 'next', revision: 'abc' },
    stream: 'next',
  };
  await writeSettings(base, settings);
  await mkdir(join(base, 'images', '1.0'), { recursive: true });
  const work = await openWorkDirectory(join(base, 'images', '1.0'));
  expect(work).toEqual({
    root: base,
    config: join(base, 'src/config'),
    oci: join(base, 'oci'),
    images: join(base, 'images'),
    cache: join(base, 'cache'),
    overrides: join(base, 'overrides'),
    settings,
  });
});

test('a directory without cosa.json is none', async () => {
  expect(await readSettings(base)).toBeUndefined();
  await expect(openWorkDirectory(base)).rejects.toMatchObject({
    code: 'WORK_DIRECTORY_MISSING',
    exitStatus: 2,
    message: `${base} is not in a work directory: there is no cosa.json`,
  });
});

test.each([
  ['{', /^cosa\.json cannot be read: .*JSON/],
  ['{}', /^cosa\.json cannot be read: config: /],
  ['{"config":{"source":""}}', /^cosa\.json cannot be read: config\.source: /],
  ['{"config":{"source":"a"},"upstream":"oci:a:b"}', /^cosa\.json cannot be read: upstream: .*expected object/],
  [
    '{"config":{"source":"a"},"upstream":{"reference":"oci:a:b","digest":"sha256:1"}}',
    /^cosa\.json cannot be read: upstream\.digest: expected a digest$/,
  ],
  ['{"config":{"source":"a"},"colour":1}', /^cosa\.json cannot be read: Unrecognized key: "colour"/],
])('refuses %s', async (text, message) => {
  await writeFile(join(base, 'cosa.json'), text);
  await expect(openWorkDirectory(base)).rejects.toMatchObject({
    code: 'WORK_DIRECTORY_INVALID',
    exitStatus: 2,
    where: { file: join(base, 'cosa.json') },
    message: expect.stringMatching(message),
  });
});
