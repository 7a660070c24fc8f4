import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOptions } from '../../exec/run.ts';
import { extractControl } from '../../exec/tools/dpkg-deb.ts';
import { CosaError } from '../../lib/errors.ts';
import type { LockedPackage } from '../backend.ts';
import { type ControlParagraph, fieldOf, parseControl } from './control.ts';

/** A package file of the cache, with its control files unpacked beside. */
export interface PackageFile {
  locked: LockedPackage;
  /** Path of the `.deb`. */
  file: string;
  /** Directory with `control`, `postinst`, `conffiles`, … */
  controlDirectory: string;
  control: ControlParagraph;
  /** Names of the control files. */
  members: readonly string[];
  /** Seconds since the epoch of the package's newest changelog entry. */
  changed: number;
}

/** Unpacks and reads a package's control files. */
export async function openPackageFile(
  locked: LockedPackage,
  file: string,
  controlDirectory: string,
  options: RunOptions,
): Promise<PackageFile> {
  await extractControl(file, controlDirectory, options);
  const [control] = parseControl(await readFile(join(controlDirectory, 'control'), 'utf8'), file);
  if (control === undefined)
    throw new CosaError('PACKAGE_INVALID', `the package ${locked.name} has no control paragraph`);
  return {
    locked,
    file,
    controlDirectory,
    control,
    members: (await readdir(controlDirectory)).sort(),
    changed: await archiveDate(file),
  };
}

/** The name under which the package database keeps a package's files: with the architecture if several may be installed. */
export function databaseName({ locked, control }: PackageFile): string {
  return fieldOf(control, 'Multi-Arch') === 'same' ? `${locked.name}:${locked.architecture}` : locked.name;
}

/**
 * The date in a package file's first archive header. Package builders set it to the newest changelog entry
 * (SOURCE_DATE_EPOCH), so that no changelog needs to be read, and it is there without documentation too.
 * @see https://manpages.debian.org/deb.5
 */
async function archiveDate(file: string): Promise<number> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(36), 0, 36, 0);
    const header = buffer.toString('latin1');
    const seconds = Number(header.slice(24, 36).trim());
    return header.startsWith('!<arch>\n') && Number.isSafeInteger(seconds) ? seconds : 0;
  } finally {
    await handle.close();
  }
}
