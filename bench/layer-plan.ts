// How near the layer plan comes to an update of just what has changed. The example is built of an older state of the
// Debian archive, then of a newer one, as a host sees it from one update to the next: the second build follows the
// layer plan of the first. Compared are
//
// - what a host downloads: all layers of the new container that the old one has not, with its manifest and config;
// - the floor: the files of the packages that have changed, those of each compressed by itself just as layers are. The
//   packages themselves, compressed far slower with xz, stand beside it for orientation.
//
// Part of every update, whatever the plan, are layer 0, which lists the file system's directories and names of objects,
// and parts that the build generates anew, such as the initramfs: they are told apart from the layers of packages.
//
// Real updates: Debian 13 without its security and updates suites against Debian 13 with them, which is much or little
// according to how long ago the last point release was; and Debian 12, which gets no more point releases: since the
// last one everything comes through the security suite. As root, with a Debian mirror.
//
// With two directories of rpms, as scripts/run-rpms-from-debs.ts makes them, it is the example of rpms that is built, of the
// first and then of the second:
//
//   npx tsx bench/layer-plan.ts BEFORE/repo AFTER/repo KEY

import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const checkout = resolve(import.meta.dirname, '..');

const difference = z.object({
  packages: z.object({
    added: z.array(z.object({ name: z.string() })),
    upgraded: z.array(z.object({ name: z.string() })),
  }),
});
const update = z.object({
  to: z.object({ size: z.number() }),
  download: z.number(),
  layers: z.object({ kept: z.number(), added: z.number() }),
  newLayers: z.array(z.object({ size: z.number(), components: z.array(z.string()) })),
});
const inventory = z.array(z.object({ name: z.string(), version: z.string(), paths: z.array(z.string()) }));
const lockfile = z.object({
  packages: z.record(z.string(), z.object({ evra: z.string(), metadata: z.object({ size: z.number() }) })),
});

/** An example, of an older and of a newer state of its repositories. */
interface Update {
  title: string;
  example: string;
  /** Changes a copy of the example so that its packages come from the one or the other. */
  prepare(config: string, state: 'before' | 'after'): void;
}

function measure({ title, example, prepare }: Update): void {
  const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
  const examples = join(directory, 'examples');
  const config = join(examples, example);
  const work = join(directory, 'work');

  function cosa(...args: string[]): string {
    return execFileSync(join(checkout, 'bin/cosa'), ['--quiet', ...args], {
      cwd: work,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  function build(state: 'before' | 'after'): void {
    prepare(config, state);
    cosa('fetch', '--update-lockfile');
    cosa('ostree', 'build', '--tag', state, '--sbom', 'none');
  }

  try {
    cpSync(join(checkout, 'examples'), examples, { recursive: true, verbatimSymlinks: true });
    // The example of rpms has links to the other one's files: both belong to one checkout.
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', examples, '-c', 'user.name=x', '-c', 'user.email=x', ...args]);
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message=examples');
    mkdirSync(work);
    prepare(config, 'before');
    cosa('init', config);
    build('before');
    build('after');
    const { packages } = difference.parse(JSON.parse(cosa('diff', 'before', 'after', '--json')));
    const changed = [...packages.added, ...packages.upgraded].map(({ name }) => name);
    const host = update.parse(JSON.parse(cosa('diff', '--download', 'before', 'after', '--json')));
    const lock = lockfile.parse(JSON.parse(readFileSync(join(config, 'manifest-lock.x86_64.json'), 'utf8'))).packages;
    const floor = compressedFiles(join(work, 'cache/roots'), lock, changed, directory);
    print(title, { changed, lock, floor, host });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function debian(release: '12' | '13', suite: string): Update {
  return {
    title: `Debian ${release}`,
    example: 'debian-coreos',
    prepare(config, state) {
      const main = source('${mirror}', suite);
      const updates = [
        source('${mirror}', suite, `${suite}-updates`),
        source('${mirror-security}', `${suite}-security`),
      ];
      writeFileSync(join(config, 'debian.sources'), state === 'before' ? main : updates.join('\n'));
      if (release === '12' && state === 'before') makeDebian12(config);
    },
  };
}

/** The example is one of Debian 13: what Debian 12 does not have goes. */
function makeDebian12(config: string): void {
  const manifest = join(config, 'manifest.yaml');
  if (readFileSync(manifest, 'utf8').includes('releasever: "12"')) return;
  edit(manifest, 'releasever: "13"', 'releasever: "12"');
  edit(join(config, 'manifests/system.yaml'), /^ *- systemd-repart\n/m, '');
  edit(join(config, 'manifests/boot-x86_64.yaml'), /^ *- \[grub-efi-amd64-unsigned, .*\n/m, '');
}

/** @param places of the two repositories, `HOST:PORT` */
function rpms(places: Readonly<Record<'before' | 'after', string>>, key: string): Update {
  return {
    title: 'rpms',
    example: 'rpm-coreos',
    prepare(config, state) {
      cpSync(key, join(config, 'RPM-GPG-KEY-rpm-coreos'));
      const manifest = join(config, 'manifest.yaml');
      const text = readFileSync(manifest, 'utf8');
      writeFileSync(manifest, text.replace(/^( *repository:) .*$/m, `$1 ${places[state]}`));
    },
  };
}

function edit(file: string, text: string | RegExp, replacement: string): void {
  const before = readFileSync(file, 'utf8');
  const after = before.replace(text, replacement);
  if (after === before) throw new Error(`${file} has no ${text} any more`);
  writeFileSync(file, after);
}

function source(mirror: string, ...suites: string[]): string {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  return `Types: deb\nURIs: ${mirror}\nSuites: ${suites.join(' ')}\nComponents: main\nSigned-By: ${keyring}\n`;
}

/** Bytes of the packages' files, in the root that was installed of a lock. */
function compressedFiles(
  roots: string,
  lock: z.output<typeof lockfile>['packages'],
  names: readonly string[],
  scratch: string,
): number {
  const entries = readdirSync(roots).filter((name) => !name.startsWith('.'));
  for (const entry of entries) {
    const content = join(roots, entry, 'content');
    const installed = inventory.parse(JSON.parse(readFileSync(join(content, 'inventory.json'), 'utf8')));
    if (!installed.every(({ name, version }) => lock[name]?.evra.startsWith(`${version}.`) === true)) continue;
    const root = join(content, 'root');
    let bytes = 0;
    for (const { name, paths } of installed) if (names.includes(name)) bytes += compressed(root, paths, scratch);
    return bytes;
  }
  throw new Error('no root is that of the new lockfile');
}

function compressed(root: string, paths: readonly string[], scratch: string): number {
  const there = paths.filter((path) => lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true);
  const archive = join(scratch, 'files.tar.zst');
  const args = ['--create', '--file', archive, '--use-compress-program', 'zstd -3 -T1', '--directory', root];
  const input = there.map((path) => path.slice(1)).join('\0');
  execFileSync('tar', [...args, '--null', '--no-recursion', '--files-from', '-'], { input });
  return statSync(archive).size;
}

interface Measured {
  changed: readonly string[];
  lock: z.output<typeof lockfile>['packages'];
  floor: number;
  host: z.output<typeof update>;
}

function print(what: string, { changed, lock, floor, host }: Measured): void {
  const packageFiles = changed.reduce((sum, name) => sum + (lock[name]?.metadata.size ?? 0), 0);
  const holdsPackages = (components: readonly string[]) => components.some((name) => lock[name] !== undefined);
  const sum = (layers: typeof host.newLayers) => layers.reduce((total, { size }) => total + size, 0);
  const inPackageLayers = sum(host.newLayers.filter(({ components }) => holdsPackages(components)));
  const treeLayer = sum(host.newLayers.filter(({ components }) => components.length === 0));
  const generated = sum(host.newLayers) - inPackageLayers - treeLayer;
  const total = host.layers.kept + host.layers.added;
  console.log(`${what}: ${changed.length} of ${Object.keys(lock).length} packages are new (${changed.join(' ')})`);
  line(floor, 'their files, compressed as layers are: the floor');
  line(packageFiles, 'as Debian compresses them');
  line(inPackageLayers, `download in layers of packages: ${ratio(inPackageLayers, floor)} x the floor`);
  line(treeLayer, 'in layer 0');
  line(generated, 'in layers that the build generates');
  line(
    host.download,
    `download altogether: ${host.layers.added} of ${total} layers, ${ratio(host.download, floor)} x the floor`,
  );
  line(host.to.size, 'the whole container');
  console.log(
    JSON.stringify({
      update: what,
      changedPackages: changed.length,
      floor,
      packageFiles,
      inPackageLayers,
      treeLayer,
      generated,
      download: host.download,
      newLayers: host.layers.added,
      layers: total,
      container: host.to.size,
    }),
  );
}

function line(bytes: number, what: string): void {
  console.log(`${(bytes / 1e6).toFixed(2).padStart(9)} MB  ${what}`);
}

function ratio(bytes: number, floor: number): string {
  return floor === 0 ? '-' : (bytes / floor).toFixed(2);
}

/** Serves a directory until the process ends: this one waits for what it calls. */
function serve(directory: string, port: number): string {
  const server = spawn(
    'python3',
    ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', directory],
    {
      stdio: 'ignore',
    },
  );
  process.once('exit', () => server.kill());
  return `127.0.0.1:${port}`;
}

const [before, after, key] = process.argv.slice(2);
if (before === undefined || after === undefined || key === undefined) {
  measure(debian('13', 'trixie'));
  measure(debian('12', 'bookworm'));
} else {
  measure(rpms({ before: serve(resolve(before), 18_081), after: serve(resolve(after), 18_082) }, resolve(key)));
}
