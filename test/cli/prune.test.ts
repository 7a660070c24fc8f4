import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cosa } from './in-process.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-prune-'));
  await writeFile(join(directory, 'cosa.json'), JSON.stringify({ config: { source: directory } }));
});
afterEach(() => rm(directory, { recursive: true }));

const prune = (...args: readonly string[]) => cosa(['-C', directory, 'prune', ...args]);

describe('cosa prune --cache', () => {
  beforeEach(async () => {
    await mkdir(join(directory, 'cache/packages'), { recursive: true });
    await mkdir(join(directory, 'cache/someone'));
    for (const [index, name] of ['a.deb', 'b.deb'].entries()) {
      const file = join(directory, 'cache/packages', name);
      await writeFile(file, Buffer.alloc(2 ** 20, 1));
      await utimes(file, index, index);
    }
  });
  const packages = async () =>
    (await readdir(join(directory, 'cache/packages'))).filter((name) => name.endsWith('.deb')).sort();

  it('shows what there is and what would go, as a table', async () => {
    const { stdout, status } = await prune('--cache', '--keep-size', '1MiB', '--dry-run');
    expect(status).toBe(0);
    const [heading, row, summary, unknown, ...rest] = stdout.split('\n');
    expect(heading).toBe('KIND      ENTRIES    SIZE  IN USE  WOULD GO    SIZE  WHAT');
    expect(row).toBe('packages        2  2.1 MB       -         1  1.0 MB  downloaded packages');
    expect(summary).toBe('Would remove 1.0 MB of cache/, 1.0 MB would stay.');
    expect(unknown).toMatch(/^cache\/someone \(.*\) is of no kind that this version knows: it stays$/);
    expect(rest).toEqual(['']);
    expect(await packages()).toEqual(['a.deb', 'b.deb']);
  });

  it('makes room where disk images were made without a work directory, and nowhere else without one', async () => {
    await rm(join(directory, 'cosa.json'));
    expect(await prune('--cache')).toMatchObject({ status: 2 });
    expect(await packages()).toEqual(['a.deb', 'b.deb']);
    await writeFile(join(directory, 'cache/images.lock'), '1\n');
    expect(await prune('--cache')).toMatchObject({ status: 0 });
    expect(await packages()).toEqual([]);
  });

  it('makes room until no more is left than may stay, and tells a script', async () => {
    const { stdout, status } = await prune('--cache', '--keep-size', '1MiB', '--json');
    expect({ status, left: await packages() }).toEqual({ status: 0, left: ['b.deb'] });
    expect(JSON.parse(stdout)).toEqual({
      cache: {
        kinds: [
          {
            kind: 'packages',
            content: 'downloaded packages',
            entries: 2,
            bytes: 2 ** 21,
            inUse: 0,
            removed: 1,
            removedBytes: 2 ** 20,
          },
        ],
        unknown: [{ name: 'someone', bytes: expect.any(Number) as number }],
        bytes: 2 ** 21,
        removedBytes: 2 ** 20,
      },
      dryRun: false,
    });
  });

  it('removes old builds as well where that is asked', async () => {
    const { stdout, status } = await prune('--cache', '--keep', '3', '--json');
    expect({ status, left: await packages() }).toEqual({ status: 0, left: [] });
    expect(JSON.parse(stdout)).toMatchObject({ tags: [], blobs: 0, cache: { removedBytes: 2 ** 21 } });
  });

  it('says that there is nothing', async () => {
    await rm(join(directory, 'cache'), { recursive: true });
    expect(await prune('--cache')).toMatchObject({ status: 0, stdout: 'There is nothing in cache/.\n' });
  });
});

describe('cosa prune', () => {
  it.each([
    [
      [],
      'nothing says what may go',
      'say --keep COUNT for builds, --cache for what is kept in cache/; see cosa prune --help',
    ],
    [
      ['--keep', '3', '--keep-size', '1G'],
      '--keep-size says how much of cache/ stays, and nothing of it is to go',
      'add --cache, or leave --keep-size out',
    ],
    [
      ['--cache', 'oci:/srv/oci'],
      "--cache is about the work directory's cache/, and oci:/srv/oci has none",
      'add --keep COUNT, or leave oci:/srv/oci out',
    ],
    [
      ['--cache', '--keep-size', '10 apples'],
      "option '--keep-size <size>' argument '10 apples' is invalid. Expected a size such as 10G, 500MiB or 1.5TB.",
      'see cosa prune --help',
    ],
  ])('refuses %j', async (args, message, hint) => {
    expect(await prune(...args)).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\nhint: ${hint}\n` });
  });
});
