import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findEntries } from '../../src/exec/tools/find.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
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

/** The digest of each file that the policy's own tools make of its modules, by path. */
async function compiled(scratch: string, as: readonly string[]): Promise<Map<string, string>> {
  const place = await mkdtemp(join(scratch, 'policy-'));
  for (const path of ['etc/selinux', 'var/lib/selinux']) {
    await cp(join(root, path), join(place, path), { recursive: true, verbatimSymlinks: true });
  }
  const command = [...as, 'semodule', '--path', place, '--noreload', '--store', 'default', '--build'];
  const { exitCode, stderr } = await runInside(root, command, { shared: [scratch] });
  expect(exitCode, stderr).toBe(0);
  const digests = new Map<string, string>();
  for (const { path, type } of await findEntries(place)) {
    if (type === 'file') digests.set(path, sha256Hex(await readFile(join(place, path))));
  }
  return digests;
}

it('compiles the policy to the same bytes as root of the machine and of a namespace', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'cosa-policy-'));
  try {
    const one = await compiled(scratch, []);
    expect([...one.keys()]).toContain('/etc/selinux/default/policy/policy.34');
    expect(await compiled(scratch, ['unshare', '--user', '--map-root-user'])).toEqual(one);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
