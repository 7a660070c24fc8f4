import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { isSystemError } from '../../lib/errors.ts';
import { readTar, type TarEntry } from '../../lib/tar/reader.ts';
import { type RunOptions, run, start } from '../run.ts';
import { tools } from '../tools.ts';

/** The control paragraph of a package file, as text. */
export async function readControl(deb: string, options: RunOptions = {}): Promise<string> {
  return (await run(tools.dpkgDeb, ['--field', deb], options)).stdout;
}

/** Unpacks the control files (`control`, `postinst`, `conffiles`, …) of a package into a new directory. */
export async function extractControl(deb: string, directory: string, options: RunOptions = {}): Promise<void> {
  await run(tools.dpkgDeb, ['--control', deb, directory], options);
}

export interface ExtractChoice {
  /** Patterns of members to leave out, in which `*` does not match a slash: `./usr/share/man/*`. */
  exclude?: readonly string[];
  /** The members to unpack, as the archive spells them; all unless given. */
  only?: readonly string[];
  /** Sees each member before it is unpacked; what it throws ends the unpacking. */
  onMember?: (member: TarEntry) => Promise<void> | void;
}

/**
 * Unpacks a package's files over a directory, with the owners' numbers: names would be looked up on the host. Links
 * in the directory are followed as on the host: `onMember` must refuse what they would lead elsewhere.
 * @returns the names of the members that were unpacked, as the archive spells them: `./usr/bin/`
 * @throws CosaError what `readTar` throws, `TOOL_FAILED`, what `onMember` throws
 */
export async function extractFiles(
  deb: string,
  directory: string,
  choice: ExtractChoice = {},
  options: RunOptions = {},
): Promise<string[]> {
  const archive = start(tools.dpkgDeb, ['--fsys-tarfile', deb], options);
  const args = ['--extract', '--verbose', '--file=-', `--directory=${directory}`, '--quoting-style=escape'];
  args.push('--preserve-permissions', '--numeric-owner', '--keep-directory-symlink', '--warning=no-timestamp');
  args.push('--anchored', '--no-wildcards-match-slash');
  for (const pattern of choice.exclude ?? []) args.push(`--exclude=${pattern}`);
  if (choice.only !== undefined) args.push('--no-recursion', '--', ...choice.only);
  const unpack = start(tools.tar, args, options);
  archive.stdin.end();
  // tar gets a chunk when everything in it has been looked at: the reader then asks for the next one.
  async function* passed() {
    for await (const chunk of archive.stdout as AsyncIterable<Buffer>) {
      yield chunk;
      await write(unpack.stdin, chunk);
    }
  }
  async function feed(): Promise<void> {
    for await (const member of readTar(passed())) await choice.onMember?.(member);
    unpack.stdin.end();
  }
  const ended = Promise.all([text(unpack.stdout), unpack.done, archive.done]);
  ended.catch(() => undefined);
  try {
    await feed();
  } catch (error) {
    unpack.kill();
    archive.kill();
    // A pipe breaks because one of the programs has ended, and its own failure says more.
    if (isSystemError(error, 'EPIPE') || isSystemError(error, 'ERR_STREAM_PREMATURE_CLOSE')) await ended;
    await Promise.allSettled([unpack.done, archive.done]);
    throw error;
  }
  const [listing] = await ended;
  return listing
    .split('\n')
    .filter((line) => line !== '')
    .map(unquote);
}

function write(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
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
