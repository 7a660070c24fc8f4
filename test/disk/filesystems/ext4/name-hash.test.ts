import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameHasher } from '../../../../src/disk/filesystems/ext4/name-hash.ts';
import { run } from '../../../../src/exec/run.ts';
import { debugfs, uuid } from './image.ts';

describe('nameHasher', () => {
  it('hashes names as debugfs does', async () => {
    const names = fc.sample(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._+-]{0,150}$/), { numRuns: 200, seed: 1 });
    const input = names.map((name) => `dx_hash -h half_md4 -s ${uuid} ${name}\n`).join('');
    const { stdout } = await run(debugfs, ['-f', '-'], { input });
    const said = [...stdout.matchAll(/0x([0-9a-f]+) \(minor 0x([0-9a-f]+)\)/g)].map(([, major = '', minor = '']) => ({
      major: Number.parseInt(major, 16),
      minor: Number.parseInt(minor, 16),
    }));
    const hashOf = nameHasher(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    expect(names.map(hashOf)).toEqual(said);
  });
});
