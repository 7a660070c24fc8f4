import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findEntries } from '../../src/exec/tools/find.ts';
import { readBytesInRootIfExists } from '../../src/lib/root-files.ts';
import type { FileKind } from '../../src/ostree/labels/file-contexts.ts';
import { type Policy, readPolicy } from '../../src/ostree/labels/policy.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';

// A real policy and a whole system: 6,000 lines, on every path of the system that has it, by two generations of libselinux.

const kinds = { file: 'file', directory: 'dir', symlink: 'lnk_file' } as const satisfies Partial<
  Record<FileKind, string>
>;
const files = '/etc/selinux/default/contexts/files/file_contexts';

let root: string;
let policy: Policy;
let entries: Map<keyof typeof kinds, string[]>;

beforeAll(async () => {
  const packages = ['selinux-policy-default', 'selinux-utils', 'policycoreutils'];
  root = await debianRoot({ suite: 'trixie', packages, state: 'installed' });
  // The root is one that runs: what a commit has in /usr/etc is in /etc.
  const read = await readPolicy((path) => readBytesInRootIfExists(root, path.replace(/^\/usr\/etc\//, '/etc/')));
  if (read === undefined) throw new Error(`${root} has no policy`);
  policy = read;
  const found = await findEntries(root);
  entries = new Map(
    (Object.keys(kinds) as (keyof typeof kinds)[]).map((kind) => [
      kind,
      // What is made up for homes and for data that no package has.
      [
        ...found.flatMap(({ path, type }) => (type === kind ? [path] : [])),
        ...['/var/home/core/.ssh/authorized_keys', '/home/core/.ssh', '/root/.bashrc', '/srv/www/index.html', '/größe'],
      ],
    ]),
  );
});

function contextsOf(kind: keyof typeof kinds): string[] {
  const paths = entries.get(kind) ?? [];
  return paths.map((path) => policy.contextOf(Buffer.from(path).toString('latin1'), kind) ?? '<<none>>');
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('the context of each %s', (kind) => {
  const script = `xargs -0 -n 500 matchpathcon -n -m ${kinds[kind]} -f`;

  it("is what the host's libselinux says", () => {
    const input = (entries.get(kind) ?? []).map((path) => `${path}\0`).join('');
    const args = ['-c', `${script} ${join(root, files)}`];
    const expected = execFileSync('sh', args, { input, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: 'pipe' });
    expect(contextsOf(kind)).toEqual(expected.trimEnd().split('\n'));
  });

  it("is what the policy's own says, another generation", async () => {
    const input = (entries.get(kind) ?? []).map((path) => `${path}\0`).join('');
    const { stdout, stderr } = await runInside(root, ['sh', '-c', `${script} ${files}`], { input });
    expect(stderr).toBe('');
    expect(contextsOf(kind)).toEqual(stdout.trimEnd().split('\n'));
  });
});
