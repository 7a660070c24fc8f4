import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/oci/types.ts';
import { build, openScene, type Scene } from '../flows/container/transfer/support.ts';
import { cosa } from './in-process.ts';

let scene: Scene;
let image: Descriptor;
beforeEach(async () => {
  scene = await openScene();
  image = await build(scene.work, '13.1', ['one', 'two']);
});
const start = process.cwd();
afterEach(async () => {
  // -C has moved this process to where nothing will be.
  process.chdir(start);
  await scene[Symbol.asyncDispose]();
});

const run = (...args: string[]) => cosa([...args, '-C', scene.work.root, '--quiet']);

describe('cosa push', () => {
  it('says where the build has gone and what moved, then that it is there', async () => {
    const names = `${scene.repository}:13.1, testing-candidate`;
    expect(await run('push', scene.repository)).toEqual({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^${names} → ${image.digest}\n  3 blobs copied \\(\\d+ B\\)\n$`)),
      stderr: '',
    });
    expect(await run('push', scene.repository)).toEqual({
      status: 0,
      stdout: `${names} points to ${image.digest} already\n`,
      stderr: '',
    });
  });

  it('tells programs the same', async () => {
    const { stdout } = await run('push', scene.repository, '--json');
    expect(JSON.parse(stdout)).toEqual({
      destination: scene.repository,
      digest: image.digest,
      tags: ['13.1', 'testing-candidate'],
      moved: ['13.1', 'testing-candidate'],
      blobs: { sent: 3, mounted: 0, present: 0 },
      bytes: expect.any(Number) as number,
      leftOut: [],
      diskImagesLeft: 0,
    });
  });

  it.each([
    [
      ['push', 'REPO', '13.1'],
      '13.1 is no destination: it names what lies in the work directory',
      'the destination comes last: cosa push 13.1 REPO',
    ],
    [
      ['push', '13.1', 'REPO', 'REPO:x'],
      'one build is pushed to one destination',
      'cosa push SOURCE DESTINATION, or --index to make an index of several builds',
    ],
    [
      ['push', '13.1', 'REPO', '--from', '13.1'],
      'one build is pushed to one destination',
      'cosa push SOURCE DESTINATION, or --index to make an index of several builds',
    ],
    [
      ['push', '--index', 'REPO:x'],
      'an index is made of the builds that are named after the destination',
      'cosa push --index DESTINATION BUILD BUILD…',
    ],
    [
      ['push', '--index', 'REPO:x', '13.1', '--from', '13.1'],
      'an index is made of the builds that are named after the destination',
      'cosa push --index DESTINATION BUILD BUILD…',
    ],
  ])('refuses %j', async (args, message, hint) => {
    const real = (text: string) => text.replaceAll('REPO', scene.repository);
    expect(await run(...args.map(real))).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: ${message}\nhint: ${real(hint)}\n`,
    });
  });

  it.each([['13.1'], ['testing-candidate'], ['OCI:13.1']])(
    'takes the source first, as every tool has it: %s',
    async (name) => {
      const source = name.replace('OCI', `oci:${scene.work.oci}`);
      const { status, stdout } = await run('push', source, `${scene.repository}:mine`);
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining(`:mine → ${image.digest}\n`) });
      expect(scene.registry.tags('os/example').get('mine')).toBe(image.digest);
    },
  );

  it('makes an index', async () => {
    const { stdout, status } = await run('push', '--index', `${scene.repository}:all`, '13.1');
    expect(status).toBe(0);
    expect(stdout).toContain(`\n  linux/amd64  ${image.digest}\n`);
  });
});

describe('cosa copy', () => {
  it('says what it would copy', async () => {
    const { stdout } = await run('copy', '--dry-run', '13.1', scene.repository);
    expect(stdout).toMatch(/^docker:\/\/[^ ]+\/os\/example:13\.1: 3 blobs of \d+ B would be copied\n$/);
    expect([...scene.registry.tags('os/example')]).toEqual([]);
  });

  it('wants all platforms or one', async () => {
    const { status, stderr } = await run('copy', '--all', '--platform', 'linux/arm64', '13.1', scene.repository);
    expect(status).toBe(2);
    expect(stderr).toContain("option '--platform <os/architecture>' cannot be used with option '--all'");
  });

  it('refuses a platform that nobody spells so', async () => {
    const { status, stderr } = await run('copy', '--platform', 'arm64', '13.1', scene.repository);
    expect(status).toBe(2);
    expect(stderr).toContain('Expected OS/ARCHITECTURE as OCI spells them, such as linux/arm64.');
  });
});

describe('cosa pull', () => {
  it('says what has come', async () => {
    await run('push', scene.repository);
    const { stdout } = await run('pull', `${scene.repository}:13.1`, '--tag', 'upstream');
    expect(stdout).toBe(`oci:${scene.work.oci}:upstream → ${image.digest}\n  0 blobs copied (0 B), 3 there already\n`);
  });
});
