import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDatabase } from '../../src/packages/rpm/database.ts';
import { rpmInventory } from '../../src/packages/rpm/inventory.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import { buildRpm } from '../helpers/rpm-packages.ts';

// The format of SUSE's databases, as an rpm writes it that can: the machine's need not.

test('a database of ndb is read as rpm has written it', async () => {
  const root = await debianRoot({
    suite: 'sid',
    packages: ['python3-libdnf5', 'python3', 'dnf5', 'rpm'],
    state: 'unpacked',
  });
  const directory = await mkdtemp(join(tmpdir(), 'cosa-ndb-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const tree = join(directory, 'tree');
  await mkdir(tree);
  const rpm = async (...args: string[]) => {
    const settings = ['--define', '_db_backend ndb', '--root', tree, '--dbpath', '/usr/share/rpm'];
    const { exitCode, stdout, stderr } = await runInside(root, ['rpm', ...settings, ...args], { shared: [directory] });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };
  const names = ['editor', 'library', 'gone'];
  const files: string[] = [];
  for (const name of names) files.push(await buildRpm({ name, files: { [`/usr/share/${name}/a`]: name } }, directory));
  const install = ['--install', '--justdb', '--nodeps', '--nosignature'];
  await rpm(...install, ...files);
  // What is erased leaves a hole, and a later version comes in its place.
  await rpm('--erase', '--justdb', 'gone');
  await rpm(...install, '--upgrade', await buildRpm({ name: 'library', version: '2.0' }, directory));
  const inventory = await rpmInventory(tree);
  expect(inventory.map(({ name, version }) => `${name} ${version}`)).toEqual(['editor 1.0-1', 'library 2.0-1']);
  const [editor] = await readDatabase(tree);
  expect(editor?.files.map(({ path }) => path)).toEqual(['/usr/share/editor/a']);
  const told = await rpm('--query', '--all', '--queryformat', '%{NAME} %{EVR}\\n');
  expect(told.trim().split('\n').sort()).toEqual(inventory.map(({ name, version }) => `${name} ${version}`));
});
