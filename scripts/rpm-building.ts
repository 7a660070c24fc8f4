import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../src/exec/run.ts';
import { tools } from '../src/exec/tools.ts';

const rpmbuild = { name: 'rpmbuild', packages: { deb: 'rpm', rpm: 'rpm-build' }, purpose: 'makes rpms' };
const rpmsign = { name: 'rpmsign', packages: { deb: 'rpm', rpm: 'rpm-sign' }, purpose: 'signs rpms' };
const createrepo = {
  name: 'createrepo_c',
  packages: { deb: 'createrepo-c', rpm: 'createrepo_c' },
  purpose: 'makes the index of a repository',
};

/** What one package is made of. */
export interface RpmSpec {
  /** Of the spec file. */
  text: string;
  /** Also another than this machine's. */
  architecture: string;
  /** Seconds since the epoch: when it says that it was built. */
  time: number;
}

/** A key of gpg's: its home, and what names it there. */
export interface RpmSigner {
  home: string;
  key: string;
}

/** What rpmbuild must not do of itself, so that the same input gives the same bytes on every host. */
const settings: Readonly<Record<string, string>> = {
  __os_install_post: '%{nil}',
  debug_package: '%{nil}',
  _build_id_links: 'none',
  _buildhost: 'build.example.com',
  use_source_date_epoch_as_buildtime: '1',
  _binaries_in_noarch_packages_terminate_build: '0',
  _unpackaged_files_terminate_build: '0',
  _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
};

/**
 * Builds the package of a spec, without signing it.
 * @param directory for the build alone
 * @param more settings
 * @returns the file's path in the directory: `NAME-VERSION-RELEASE.ARCHITECTURE.rpm`
 */
export async function buildRpmOfSpec(
  { text, architecture, time }: RpmSpec,
  directory: string,
  more: Readonly<Record<string, string>>,
): Promise<string> {
  const spec = join(directory, 'package.spec');
  const made = join(directory, 'rpms');
  await mkdir(made);
  await writeFile(spec, text);
  const defined = definitions({ ...settings, _topdir: directory, _rpmdir: made, ...more });
  await run(rpmbuild, ['-bb', '--quiet', ...defined, '--target', architecture, spec], {
    env: { SOURCE_DATE_EPOCH: String(time), HOME: directory },
  });
  const [name] = await readdir(made);
  if (name === undefined) throw new Error(`rpmbuild made nothing of ${spec}`);
  return join(made, name);
}

/** Signs a package in its place, or anew with another key. */
export async function signRpm(file: string, { home, key }: RpmSigner): Promise<void> {
  const defined = definitions({ __gpg: '/usr/bin/gpg', _gpg_name: key, _gpg_path: home });
  await run(rpmsign, [...defined, '--addsign', file], { env: { GNUPGHOME: home } });
}

/** The time of an index unless somebody says otherwise, in seconds since the epoch. */
const indexTime = Date.UTC(2025, 10, 20, 12) / 1000;

export interface IndexOptions {
  /** Seconds since the epoch: the index's revision and the time of its parts. */
  revision?: number;
  /** Who signs it: `repomd.xml.asc` is there then, and else not. */
  signer?: RpmSigner;
  /** Path of a comps.xml. */
  groups?: string;
  /** Text of a modules.yaml. */
  modules?: string;
  /** Hash function of what the index names. */
  checksum?: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
}

/** Makes `repodata/` in a directory of packages. */
export async function indexRpms(
  directory: string,
  { revision = indexTime, signer, groups, modules, checksum = 'sha256' }: IndexOptions = {},
  signal?: AbortSignal,
): Promise<void> {
  const times = ['--revision', String(revision), '--set-timestamp-to-revision', '--checksum', checksum];
  const comps = groups === undefined ? [] : ['--groupfile', groups];
  await run(
    createrepo,
    ['--quiet', '--no-database', '--workers', '2', ...times, ...comps, directory],
    signal === undefined ? {} : { signal },
  );
  const repodata = join(directory, 'repodata');
  const index = join(repodata, 'repomd.xml');
  if (modules !== undefined) {
    const file = join(repodata, 'modules.yaml');
    await writeFile(file, modules);
    await run({ ...createrepo, name: 'modifyrepo_c' }, ['--mdtype=modules', file, repodata]);
    await rm(file);
  }
  await rm(`${index}.asc`, { force: true });
  if (signer === undefined) return;
  await run(tools.gpg, ['--batch', '--armor', '--detach-sign', '--local-user', signer.key, index], {
    env: { GNUPGHOME: signer.home },
  });
}

function definitions(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
}
