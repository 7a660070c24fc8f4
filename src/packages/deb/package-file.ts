import type { LockedPackage } from '../../contract/lockfile.ts';
import { CosaError } from '../../lib/errors.ts';
import { compareBytes } from '../../lib/order.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { readTar } from '../../lib/tar/reader.ts';
import { blockSize } from '../../lib/tar/types.ts';
import { decompressParts } from '../decompress-parts.ts';
import { invalidPackage, openPackageArchive, type PackageArchive } from './archive.ts';
import { type ControlParagraph, fieldOf, parseControl } from './control.ts';

/** `postinst`, `conffiles`, … as the package brings it. */
interface ControlFile {
  content: Buffer;
  /** Permission bits. */
  mode: number;
}

/** A package file of the cache, with its control files. */
export interface PackageFile {
  locked: LockedPackage;
  archive: PackageArchive;
  control: ControlParagraph;
  /** By name, in byte order. */
  controlFiles: ReadonlyMap<string, ControlFile>;
  /** Seconds since the epoch of the package's newest changelog entry. */
  changed: number;
}

/** Of all control files of a package: the largest that Debian has, lists of checksums, take a tenth of it. */
const mostControlBytes = 1 << 24;

/**
 * Reads the control files of packages.
 * @throws CosaError `PACKAGE_INVALID`, what `decompressParts` and `readTar` throw
 */
export async function openPackageFiles(
  packages: readonly { locked: LockedPackage; file: string }[],
  signal: AbortSignal,
): Promise<PackageFile[]> {
  const archives = await mapParallel(packages, ({ file }) => openPackageArchive(file));
  const opened: PackageFile[] = [];
  const read = async (index: number, bytes: AsyncIterable<Buffer>) => {
    const { locked, file } = packages[index] as (typeof packages)[number];
    const archive = archives[index] as PackageArchive;
    const controlFiles = await readControlFiles(bytes, file);
    const [control] = parseControl(controlFiles.get('control')?.content.toString('utf8') ?? '', file);
    if (control === undefined)
      throw new CosaError('PACKAGE_INVALID', `the package ${locked.name} has no control paragraph`);
    opened.push({ locked, archive, control, controlFiles, changed: archive.changed });
  };
  await decompressParts(
    archives.map(({ control }) => control),
    read,
    signal,
  );
  return opened;
}

/** The control paragraph of a package file, as text; empty if it has none. */
export async function readControlText(file: string): Promise<string> {
  const { control } = await openPackageArchive(file);
  let text = '';
  const read = async (_: number, bytes: AsyncIterable<Buffer>) => {
    text = (await readControlFiles(bytes, file)).get('control')?.content.toString('utf8') ?? '';
  };
  await decompressParts([control], read);
  return text;
}

async function readControlFiles(bytes: AsyncIterable<Buffer>, file: string): Promise<Map<string, ControlFile>> {
  const files: [string, ControlFile][] = [];
  let room = mostControlBytes;
  for await (const member of readTar(bytes)) {
    const name = member.path.replace(/^(\.?\/)*/, '');
    if (member.type !== 'file' || name.includes('/')) continue;
    // A file without content takes room as well.
    room -= blockSize + member.size;
    if (room < 0) throw invalidPackage(file, `its control files have more than ${mostControlBytes} bytes`);
    files.push([name, { content: Buffer.from(await member.bytes(member.size)), mode: member.mode }]);
  }
  return new Map(files.sort(([a], [b]) => compareBytes(a, b)));
}

/** The name under which the package database keeps a package's files: with the architecture if several may be installed. */
export function databaseName({ locked, control }: PackageFile): string {
  return fieldOf(control, 'Multi-Arch') === 'same' ? `${locked.name}:${locked.architecture}` : locked.name;
}
