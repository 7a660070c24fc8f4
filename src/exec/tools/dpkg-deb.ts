import { pipeline } from 'node:stream/promises';
import { type RunOptions, run, start } from '../run.ts';
import type { Tool } from '../tool.ts';
import { tar } from './tar.ts';

export const dpkgDeb: Tool = {
  name: 'dpkg-deb',
  packages: { deb: 'dpkg', rpm: 'dpkg' },
  purpose: 'unpacks Debian packages',
};

/** The control paragraph of a package file, as text. */
export async function readControl(deb: string, options: RunOptions = {}): Promise<string> {
  return (await run(dpkgDeb, ['--field', deb], options)).stdout;
}

/** Unpacks the control files (`control`, `postinst`, `conffiles`, …) of a package into a new directory. */
export async function extractControl(deb: string, directory: string, options: RunOptions = {}): Promise<void> {
  await run(dpkgDeb, ['--control', deb, directory], options);
}

/**
 * Unpacks a package's files over a directory, with the owners' numbers: names would be looked up on the host.
 * @param exclude patterns of members to leave out, as `tar --exclude` takes them: `./usr/share/man/*`
 * @returns the names of the members that were unpacked, as the archive spells them (`./usr/bin/`)
 */
export async function extractFiles(
  deb: string,
  directory: string,
  exclude: readonly string[],
  options: RunOptions = {},
): Promise<string[]> {
  // dpkg-deb runs tar, and tar takes further options from this variable; so no archive passes through us.
  const tarOptions = [
    '--numeric-owner',
    '--keep-directory-symlink',
    '--no-wildcards-match-slash',
    ...exclude.map((pattern) => `--exclude=${pattern}`),
  ];
  const { stdout } = await run(dpkgDeb, ['--vextract', deb, directory], {
    ...options,
    env: { ...options.env, TAR_OPTIONS: tarOptions.join(' ') },
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(unquote);
}

/** Undoes tar's quoting of unusual characters in listed names: `\\`, `\n`, `\303`. */
function unquote(name: string): string {
  if (!name.includes('\\')) return name;
  const bytes: number[] = [];
  const named: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };
  const encoded = Buffer.from(name, 'utf8').toString('latin1');
  for (const [, octal, letter, plain] of encoded.matchAll(/\\([0-7]{3})|\\([\s\S])|([\s\S])/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (letter !== undefined) bytes.push(named[letter] ?? letter.charCodeAt(0));
    else bytes.push((plain ?? '').charCodeAt(0));
  }
  return Buffer.from(bytes).toString('utf8');
}

/**
 * Unpacks some members of a package again, over what is there.
 * @param members as the archive spells them: `./usr/bin/foo`
 */
export async function extractMembers(
  deb: string,
  directory: string,
  members: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const archive = start(dpkgDeb, ['--fsys-tarfile', deb], options);
  const args = ['--extract', '--file=-', `--directory=${directory}`, '--preserve-permissions', '--numeric-owner'];
  const unpack = start(tar, [...args, '--keep-directory-symlink', '--no-recursion', '--', ...members], options);
  unpack.stdout.resume();
  archive.stdin.end();
  await Promise.all([pipeline(archive.stdout, unpack.stdin), archive.done, unpack.done]);
}
