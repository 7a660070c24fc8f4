import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readXattrs } from '../../../src/exec/tools/getfattr.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-tools-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const setXattr = (path: string, name: string, value: string) =>
  execFileSync('setfattr', [`--name=${name}`, `--value=${value}`, '--', path]);

describe('readXattrs', () => {
  it('gives names and values as they are, of the directory and of what is in it', async () => {
    mkdirSync(join(directory, 'a b\n\\'));
    writeFileSync(join(directory, 'a b\n\\/é'), '');
    writeFileSync(join(directory, 'plain'), '');
    setXattr(directory, 'user.z', '0x00ff');
    setXattr(directory, 'user.a=b', '');
    setXattr(join(directory, 'a b\n\\/é'), 'user.x', '0x0a23');
    expect([...(await readXattrs(directory))]).toEqual([
      [
        '/',
        [
          { name: 'user.a=b', value: Buffer.alloc(0) },
          { name: 'user.z', value: Buffer.from([0x00, 0xff]) },
        ],
      ],
      ['/a b\n\\/é', [{ name: 'user.x', value: Buffer.from('\n#') }]],
    ]);
  });
});
