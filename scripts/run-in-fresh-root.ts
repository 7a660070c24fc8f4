import { copyFile, cp, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { attach, run } from '../src/exec/run.ts';
import { type Tool, tools } from '../src/exec/tools.ts';
import { which } from '../src/exec/which.ts';
import { asHost, debianRoot, type Suite } from '../test/helpers/debian-root.ts';

// `npm run test:fresh -- SUITE [COMMAND…]`: commands in a new clone of HEAD, on a Debian that has Node.js, npm and git
// and nothing else. What somebody once installed by hand cannot hide a missing step there. As root.

const suites: readonly Suite[] = ['bookworm', 'trixie'];

/** What a newcomer does first, and the tests that meet other people's programs. */
const defaultCommands = [
  ['scripts/setup', '--tests'],
  ['npx', 'vitest', 'run', '--project', 'integration', 'registry-peers', 'signatures', 'cosign', 'oras'],
  ['npm', 'run', 'demo'],
];

const home = '/root';
const clone = `${home}/cosa`;

async function main([suite, ...command]: readonly string[]): Promise<void> {
  const known = suites.find((name) => name === suite);
  if (known === undefined) throw new Error(`usage: npm run test:fresh -- ${suites.join('|')} [COMMAND…]`);
  const root = await freshRoot(known);
  for (const words of command.length === 0 ? defaultCommands : [command]) {
    console.log(`\n== ${known}$ ${words.join(' ')}`);
    const status = await attach(
      tools.unshare,
      asHost(root, words, { directory: clone, environment: await environment() }),
    );
    console.log(`-- exit status ${status}`);
    if (status !== 0) {
      process.exitCode = 1;
      return;
    }
  }
}

/** A new root with a new clone. Debian 12's Node.js is too old: there it is the one that runs this. */
async function freshRoot(suite: Suite): Promise<string> {
  const ownNode = suite === 'bookworm';
  const packages = ['ca-certificates', 'git', ...(ownNode ? [] : ['nodejs', 'npm'])];
  const template = await debianRoot({ suite, packages, state: 'installed' });
  const root = resolve('.test-work', 'fresh', suite);
  await rm(root, { recursive: true, force: true });
  await mkdir(dirname(root), { recursive: true });
  await run(coreutils('cp'), ['--archive', '--reflink=auto', template, root]);
  if (ownNode) await copyNode(root);
  for (const file of ['/etc/resolv.conf', '/etc/hosts', ...(await certificates())]) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await copyFile(file, join(root, file));
  }
  await run(tools.git, ['clone', '--quiet', '--no-local', process.cwd(), join(root, clone)]);
  return root;
}

async function copyNode(root: string): Promise<void> {
  const npm = await which('npm');
  if (npm === undefined) throw new Error('npm is not in PATH');
  await copyFile(process.execPath, join(root, 'usr/bin/node'));
  // bin/npm is a link to npm/bin/npm-cli.js.
  const directory = dirname(dirname(await realpath(npm)));
  await cp(directory, join(root, 'usr/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    const script = `#!/bin/sh\nexec node /usr/lib/node_modules/npm/bin/${name}-cli.js "$@"\n`;
    await writeFile(join(root, 'usr/bin', name), script, { mode: 0o755 });
  }
}

/** How this machine reaches npm's registry: its address, and whom it trusts. */
async function environment(): Promise<string[]> {
  const registry = await npmSetting('registry');
  const [certificate] = await certificates();
  return [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `HOME=${home}`,
    'LANG=C.UTF-8',
    `TERM=${process.env.TERM ?? 'dumb'}`,
    ...(registry === undefined ? [] : [`npm_config_registry=${registry}`]),
    ...(certificate === undefined ? [] : [`npm_config_cafile=${certificate}`]),
  ];
}

async function certificates(): Promise<string[]> {
  const file = await npmSetting('cafile');
  return file === undefined ? [] : [file];
}

async function npmSetting(name: string): Promise<string | undefined> {
  const { stdout } = await run(
    { name: 'npm', packages: { deb: 'npm', rpm: 'npm' }, purpose: 'knows its settings' },
    ['config', 'get', name],
    { env: { HOME: process.env.HOME ?? '/root' } },
  );
  const value = stdout.trim();
  return ['', 'null', 'undefined'].includes(value) ? undefined : value;
}

function coreutils(name: string): Tool {
  return { name, packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'copies the root' };
}

await main(process.argv.slice(2));
