import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWorkDirectory, readSettings, writeSettings } from '../../src/workspace/work-directory.ts';

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
])('refuses %s', async (text, message) => {
  await writeFile(join(base, 'cosa.json'), text);
  await expect(openWorkDirectory(base)).rejects.toMatchObject({
    code: 'WORK_DIRECTORY_INVALID',
    exitStatus: 2,
    where: { file: join(base, 'cosa.json') },
    message: expect.stringMatching(message),
  });
});

test('a key of a newer version is named, with advice that destroys nothing', async () => {
  await writeFile(join(base, 'cosa.json'), '{"config":{"source":"a","depth":1}}');
  await expect(openWorkDirectory(base)).rejects.toMatchObject({
    code: 'WORK_DIRECTORY_INVALID',
    exitStatus: 2,
    message: 'cosa.json has the key "config.depth", which this version does not know',
    hint: 'a newer cosa has written it: use that one, or remove the key "config.depth" from the file',
  });
});

test('a cosa.json that is no file is refused', async () => {
  await mkdir(join(base, 'cosa.json'));
  await expect(openWorkDirectory(base)).rejects.toMatchObject({ code: 'NOT_A_FILE', exitStatus: 2 });
});
