import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { debChangelogs, keepChangelogs, parseDebianChangelog } from '../../../src/packages/deb/changelogs.ts';
import type { PackageFile } from '../../../src/packages/deb/package-file.ts';
import { readTree, writeTree } from '../../rootfs/support.ts';

const text = `bash (5.3-2) unstable; urgency=medium

  * Fix this.
    And more of it.

  * Fix that.

 -- Jane Doe <jane@example.com>  Thu, 02 Oct 2025 12:00:00 +0200

bash (5.3-1) unstable; urgency=medium

  * New upstream.

 -- Jane Doe <jane@example.com>  Wed, 01 Oct 2025 10:00:00 +0000
`;

const newest = {
  version: '5.3-2',
  author: 'Jane Doe <jane@example.com>',
  date: 1_759_399_200,
  text: '* Fix this.\n  And more of it.\n\n* Fix that.',
};

const older = { ...newest, version: '5.3-1', date: 1_759_312_800, text: '* New upstream.' };

describe('a Debian changelog', () => {
  it('is read entry by entry', () => {
    expect(parseDebianChangelog(text)).toEqual([newest, older]);
  });

  it.each([
    ['', []],
    ['no changelog\nat all', []],
    ['bash (1) unstable; urgency=low\n\n  * Cut', []],
    [' -- nobody <x@y>  Thu, 02 Oct 2025 12:00:00 +0200\n', []],
    ['x (1) u; urgency=low\n -- a <b>  Mon, 99 Foo 2025\n', [{ version: '1', author: 'a <b>', date: 0, text: '' }]],
  ])('is read as far as it is one: %j', (damaged, entries) => {
    expect(parseDebianChangelog(damaged)).toEqual(entries);
  });
});

const packageNamed = (name: string, source: string) => ({ locked: { name, source } }) as PackageFile;

describe('changelogs of packages', () => {
  const packages = [packageNamed('bash', 'bash'), packageNamed('libx', 'x'), packageNamed('x-data', 'x')];
  const docs = {
    'usr/share/doc/bash/changelog.Debian.gz': gzipSync(text),
    'usr/share/doc/bash/changelog.gz': gzipSync('upstream'),
    'usr/share/doc/bash/copyright': 'c',
    'usr/share/doc/x-data/changelog.gz': gzipSync(text.replaceAll('bash', 'x')),
  };

  async function root(): Promise<string> {
    const directory = await writeTree({ 'usr/share/doc/libx': { link: 'missing' } });
    for (const [path, content] of Object.entries(docs)) await writeBytes(directory, path, content);
    return directory;
  }

  it.each([true, false])(
    'are kept by source, and leave a root that has no documentation: %s',
    async (documentation) => {
      const directory = await root();
      await keepChangelogs(directory, packages, { documentation });
      expect([...(await debChangelogs(directory))]).toEqual([
        ['bash', [newest, older]],
        ['x', [newest, older]],
      ]);
      const left = Object.keys(await readTree(directory)).filter(
        (path) => path.includes('/doc/') && !path.endsWith('/'),
      );
      expect(left).toEqual(
        documentation
          ? [
              '/usr/share/doc/bash/changelog.Debian.gz',
              '/usr/share/doc/bash/changelog.gz',
              '/usr/share/doc/bash/copyright',
              '/usr/share/doc/libx',
              '/usr/share/doc/x-data/changelog.gz',
            ]
          : ['/usr/share/doc/bash/copyright', '/usr/share/doc/libx'],
      );
    },
  );

  it('are read as far as they can be', async () => {
    const directory = await writeTree({ 'usr/share/doc/bash/changelog.Debian.gz': 'no gzip' });
    await keepChangelogs(directory, packages, { documentation: false });
    expect(await debChangelogs(directory)).toEqual(new Map());
    expect(await debChangelogs(await writeTree({}))).toEqual(new Map());
  });
});

async function writeBytes(directory: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}
