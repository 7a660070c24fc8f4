import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Lockfile } from '../../src/contract/lockfile.ts';
import { CosaError } from '../../src/lib/errors.ts';
import type { BackendContext, PackageBackend, PackageRequest } from '../../src/packages/backend.ts';
import { accountNumbers } from '../../src/rootfs/steps/accounts.ts';
import { treeDigest } from '../helpers/tree-digest.ts';
import { contextFor } from '../rootfs/support.ts';

/** A package, whatever its format: a name, and what differs from one that needs nothing and does nothing. */
interface ContractPackage {
  name: string;
  /** Text by absolute path. */
  files?: Readonly<Record<string, string>>;
  /** Of the shell, run when everything is unpacked. */
  script?: string;
  requires?: readonly string[];
}

/** What a family's own test sets up. */
export interface InstallationFamily {
  backend: Pick<PackageBackend, 'family' | 'install' | 'inventory' | 'finalize'>;
  /** Puts packages in a cache, and with them a base system: a shell, `cat`, and a `/bin` that is a link. */
  prepare(packages: readonly ContractPackage[]): Promise<{ lock: Lockfile; context: BackendContext }>;
  /** How an error names a {@link ContractPackage.script}, as well as the family can tell. */
  scriptOf(name: string): string;
  /** Spoils the file of a package in the cache. */
  spoil(name: string, lock: Lockfile, context: BackendContext): Promise<void>;
}

const tool: ContractPackage = {
  name: 'tool',
  files: { '/usr/share/tool/a': 'a', '/etc/tool.conf': 'x', '/usr/share/doc/tool/README': 'x' },
  script: 'echo "secret: $COSA_SECRET" > /usr/share/secret; cat /proc/net/dev > /usr/share/network',
};
const other: ContractPackage = { name: 'other', files: { '/usr/share/other': 'other' }, requires: ['tool'] };

/** What installing must be with every family: small packages on a small system. */
export function packageInstallationContract({ backend, prepare, scriptOf, spoil }: InstallationFamily): void {
  type Prepared = Awaited<ReturnType<typeof prepare>>;

  async function install({ lock, context }: Prepared, documentation = true): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'cosa-contract-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const root = join(directory, 'root');
    const request: PackageRequest = {
      basearch: lock.basearch,
      packages: lock.packages.map(({ name }) => name),
      exclude: [],
      recommends: false,
      repositories: [],
      variables: {},
      pins: {},
      overrides: [],
    };
    await backend.install(request, lock, root, { documentation }, context);
    return root;
  }

  describe(`installing packages of the family ${backend.family}`, () => {
    test('gives what the lock says, with an inventory that stays the same to the end', async () => {
      const prepared = await prepare([tool, other]);
      const root = await install(prepared);
      const inventory = await backend.inventory(root);
      expect(inventory.map(({ name }) => name)).toEqual(prepared.lock.packages.map(({ name }) => name));
      const paths = inventory.flatMap((item) => item.paths);
      expect(new Set(paths).size).toBe(paths.length);
      // Where it is, and not where a link leads to it.
      expect(inventory.find(({ name }) => name === 'base')?.paths).toContain('/usr/bin/sh');
      expect(inventory.find(({ name }) => name === 'tool')?.paths).toEqual([
        '/etc/tool.conf',
        '/usr/share/doc/tool/README',
        '/usr/share/tool/a',
      ]);
      await backend.finalize(root);
      expect(await backend.inventory(root)).toEqual(inventory);
      await backend.finalize(root);
    });

    test('gives the same tree every time', async () => {
      const prepared = await prepare([tool, other]);
      const roots = [await install(prepared), await install(prepared)];
      for (const root of roots) await backend.finalize(root);
      const [first, second] = await Promise.all(roots.map(treeDigest));
      expect(second).toBe(first);
    });

    test('runs scripts without network, and without what our caller has', async () => {
      process.env.COSA_SECRET = 'token';
      onTestFinished(() => void delete process.env.COSA_SECRET);
      const root = await install(await prepare([tool]));
      expect(await readFile(join(root, 'usr/share/secret'), 'utf8')).toBe('secret: \n');
      const network = await readFile(join(root, 'usr/share/network'), 'utf8');
      expect(network.match(/^ *\w+:/gm)).toEqual(['    lo:']);
    });

    test('leaves documentation out where none is wanted', async () => {
      const root = await install(await prepare([tool]), false);
      expect((await stat(join(root, 'usr/share/tool/a'))).size).toBe(1);
      await expect(stat(join(root, 'usr/share/doc/tool/README'))).rejects.toThrow('ENOENT');
    });

    test('makes the accounts of scripts, which then have the numbers that the config wants', async () => {
      const script = `echo 'service:x:700:701::/:/bin/false' >> /etc/passwd; echo 'service:x:701:mail' >> /etc/group`;
      const root = await install(await prepare([{ name: 'service', script }]));
      const texts = {
        users: 'service:x:800:801::/:/x\nkube:x:900:900::/:/x\n',
        groups: 'service:x:801:\nkube:x:900:\n',
      };
      const wanted = {
        users: { kind: 'text', text: texts.users, origin: 'passwd' },
        groups: { kind: 'text', text: texts.groups, origin: 'group' },
      } as const;
      await accountNumbers.run(contextFor(root, wanted));
      const lines = async (file: string) => (await readFile(join(root, file), 'utf8')).trimEnd().split('\n').slice(-2);
      expect(await lines('etc/passwd')).toEqual(['service:x:800:801::/:/bin/false', 'kube:x:900:900::/:/x']);
      expect(await lines('etc/group')).toEqual(['service:x:801:mail', 'kube:x:900:']);
      const before = { kind: 'data', ids: new Map([['gone', [5, 5]]]), origin: 'the previous build' } as const;
      await expect(accountNumbers.run(contextFor(root, { users: before }))).rejects.toMatchObject({
        code: 'ACCOUNT_REMOVED',
        message: 'the user gone of the previous build is gone',
      });
    });

    test('fails with a script, and says what it said', async () => {
      const prepared = await prepare([tool, { name: 'broken', script: 'echo nothing works here >&2; exit 3' }]);
      await expect(install(prepared)).rejects.toMatchObject({
        code: 'PACKAGE_INSTALL_FAILED',
        exitStatus: 1,
        message: expect.stringMatching(/broken[\s\S]*nothing works here|nothing works here[\s\S]*broken/) as string,
        hint: 'see the whole log with --verbose',
      });
    });

    test('ends a script that waits for ever, and names its package', async () => {
      const script = 'echo "Setting up nothing"; read answer < /dev/zero; while :; do sleep 1000; done';
      const { lock, context } = await prepare([tool, { name: 'hanging', script }]);
      await expect(install({ lock, context: { ...context, silentSeconds: 5 } })).rejects.toMatchObject({
        code: 'PACKAGE_INSTALL_FAILED',
        exitStatus: 1,
        message: `${scriptOf('hanging')} said nothing for 5.0 s, and was ended`,
        hint: 'it waits for something that a build does not have: a network, an answer, a daemon; see with --verbose what it said last',
      });
    });

    test('fails where two packages bring a file, and names all three', async () => {
      const prepared = await prepare([tool, { name: 'rival', files: { '/usr/share/tool/a': 'b' } }]);
      await expect(install(prepared)).rejects.toMatchObject({
        code: 'PACKAGE_FILE_CONFLICT',
        message: expect.stringMatching(/^(?=.*tool)(?=.*rival).* both bring \/usr\/share\/tool\/a, /) as string,
        hint: 'leave out one of the packages',
      });
    });

    test('fails where something is needed that the lock does not have', async () => {
      const prepared = await prepare([{ name: 'lonely', requires: ['nowhere'] }]);
      await expect(install(prepared)).rejects.toMatchObject({
        code: 'PACKAGE_INSTALL_FAILED',
        message: expect.stringMatching(/^(?=[\s\S]*lonely)(?=[\s\S]*nowhere)/) as string,
      });
    });

    test('fails with a file of the cache that has changed', async () => {
      const prepared = await prepare([tool]);
      await spoil('tool', prepared.lock, prepared.context);
      await expect(install(prepared)).rejects.toBeInstanceOf(CosaError);
    });
  });
}
