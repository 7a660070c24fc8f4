import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { stepKey } from '../../cache/key.ts';
import { publishImage } from '../../disk/artifacts/kept-image.ts';
import { customizedDisk, type DiskCustomization } from '../../disk/customized-disk.ts';
import { writeImageFile } from '../../disk/image-file.ts';
import { type DiskScratch, openDiskImage } from '../../disk/image-source.ts';
import { imageThreads } from '../../disk/image-threads.ts';
import { changeIgnition, readIgnitionArea } from '../../disk/iso-image/ignition-area.ts';
import {
  changeArguments,
  currentArguments,
  readKernelArgumentAreas,
} from '../../disk/iso-image/kernel-argument-areas.ts';
import { changeIso } from '../../disk/iso-image.ts';
import {
  checkKernelArguments,
  type KernelArgumentChanges,
  kernelArgumentEdit,
} from '../../disk/kernel-argument-changes.ts';
import { type DiskImageRecord, isFileName, parseRecord, type RecordedFile, recordPath } from '../../disk/record.ts';
import { openScratch } from '../../exec/scratch.ts';
import { digestFile, digestHex, sha256Hex } from '../../lib/digest.ts';
import { usageError } from '../../lib/errors.ts';
import { commitRename } from '../../lib/files.ts';
import { exists, ifExists } from '../../lib/if-exists.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import { runStep } from '../../progress/step.ts';
import type { Session } from '../../workspace/session.ts';
import { readIgnition } from './read-ignition.ts';

export interface CustomizeOptions extends KernelArgumentChanges {
  /** Where the command runs; relative paths start there. */
  directory: string;
  /** A disk image, or a live ISO. */
  image: string;
  /** Where the changed copy goes; nothing may be there. */
  output: string;
  /** Path of an Ignition config. */
  ignition?: string | undefined;
  /** Kernel arguments that bring the network up at the first boot of a disk. */
  firstBootArguments?: readonly string[] | undefined;
}

/** A changed copy. */
export interface CustomizedImage {
  path: string;
  /** Its record, if the image had one. */
  record: DiskImageRecord | undefined;
}

/**
 * Writes a copy of a disk image or live ISO with an Ignition config and other kernel arguments in it: in the same format, with
 * the same compressor. The copy appears when it is complete.
 * @throws CosaError `OUTPUT_EXISTS`, `COMMAND_LINE`, `IGNITION_INVALID`, `IGNITION_MISSING`, `KERNEL_ARGUMENT_INVALID`,
 *   `KERNEL_ARGUMENT_MISSING` (exit 2), what `openDiskImage`, `customizedDisk`, `changeIso` and `writeImageFile` throw; the
 *   signal's reason
 */
export async function customizeImage(session: Session, options: CustomizeOptions): Promise<CustomizedImage> {
  const { directory, append, delete: deleted, replace, firstBootArguments = [] } = options;
  const path = resolve(directory, options.image);
  const output = resolve(directory, options.output);
  if (await exists(output)) {
    throw usageError('OUTPUT_EXISTS', `${output} is there already`, { hint: 'name another file, or remove it first' });
  }
  const ignition = options.ignition === undefined ? undefined : await readIgnition(directory, options.ignition);
  const changesArguments = append.length + deleted.length + replace.length > 0;
  const network = checkKernelArguments(firstBootArguments).join(' ');
  const customization: DiskCustomization = {
    ignition,
    kernelArguments: changesArguments ? kernelArgumentEdit({ append, delete: deleted, replace }) : undefined,
    firstBootArguments: network === '' ? undefined : network,
  };
  if (ignition === undefined && !changesArguments && network === '') {
    throw usageError('COMMAND_LINE', 'nothing is to be changed: neither Ignition nor kernel arguments are given', {
      hint: 'give --ignition, --append-karg, --delete-karg, --replace-karg or --firstboot-arg',
    });
  }
  if (!((await ifExists(stat(path)))?.isFile() ?? false)) {
    throw usageError('DISK_MISSING', `there is no disk image ${path}`);
  }
  const sha256 = digestHex((await digestFile(path)).digest);
  const source = await recordOf(session, path, sha256);
  const key = stepKey('customized-image/1', {
    source: sha256,
    ignition: ignition === undefined ? null : sha256Hex(ignition),
    arguments: { append: [...append], delete: [...deleted], replace: [...replace] },
    network,
  });
  await using scratch = await openScratch(dirname(output));
  const file = join(scratch.path, basename(output));
  const written = (await isIso(path))
    ? await customizeIso(path, file, customization)
    : await customizeDisk(
        session,
        { path, file, scratch: { directory: scratch.path, recordedSize: recordedSizeOf(source) }, key },
        customization,
      );
  const record = source === undefined ? undefined : recordFor(source, { output, key, written });
  if (record === undefined || !isFileName(basename(output))) {
    await rm(recordPath(output), { force: true });
    await commitRename(file, output);
    return { path: output, record: undefined };
  }
  return await publishImage(scratch.path, dirname(output), record);
}

/** The record beside an image, if it is one of these bytes. */
async function recordOf(session: Session, path: string, sha256: string): Promise<DiskImageRecord | undefined> {
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  if (record === undefined) return undefined;
  if (record.files.length === 1 && record.files[0]?.sha256 === sha256) return record;
  const message = `the record beside ${path} is of other bytes: the copy gets none`;
  session.events({ type: 'warning', message, hint: undefined });
  return undefined;
}

function recordFor(
  source: DiskImageRecord,
  { output, key, written }: { output: string; key: string; written: Omit<RecordedFile, 'role' | 'name'> },
): DiskImageRecord {
  return {
    ...source,
    files: [{ role: source.files[0]?.role ?? 'disk', name: basename(output), ...written }],
    customized: { of: source.key },
    key,
  };
}

function recordedSizeOf(record: DiskImageRecord | undefined): number | undefined {
  return record?.files[0]?.['uncompressed-size'];
}

async function isIso(path: string): Promise<boolean> {
  await using file = await open(path);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(5), 0, 5, 0x8001);
  return bytesRead === 5 && buffer.toString('latin1') === 'CD001';
}

async function customizeIso(
  path: string,
  file: string,
  { ignition, kernelArguments, firstBootArguments }: DiskCustomization,
): Promise<Omit<RecordedFile, 'role' | 'name'>> {
  if (firstBootArguments !== undefined) {
    throw usageError('COMMAND_LINE', 'every boot of a live ISO is the first one: --firstboot-arg is for disks', {
      hint: 'give --append-karg instead',
    });
  }
  await changeIso(path, file, async (iso) => {
    const patches = ignition === undefined ? [] : [changeIgnition(iso, await readIgnitionArea(iso), ignition)];
    if (kernelArguments === undefined) return patches;
    const areas = await readKernelArgumentAreas(iso);
    const line = kernelArguments.apply(currentArguments(iso, areas));
    kernelArguments.finish();
    return [...patches, ...changeArguments(iso, areas, line)];
  });
  return { size: (await stat(file)).size, sha256: digestHex((await digestFile(file)).digest) };
}

async function customizeDisk(
  session: Session,
  { path, file, scratch, key }: { path: string; file: string; scratch: DiskScratch; key: string },
  customization: DiskCustomization,
): Promise<Omit<RecordedFile, 'role' | 'name'>> {
  return runStep(session, 'write customized image', async ({ signal }) => {
    await using image = await openDiskImage(path, scratch, signal);
    const disk = await customizedDisk(image.source, customization);
    using threads = imageThreads();
    const identity = {
      uuid: (purpose: string) => derivedUuid(`sha256:${key}`, purpose),
      fileName: basename(file),
    };
    const { uncompressed, ...written } = await writeImageFile(
      file,
      { threads, signal, ...(image.compressor === undefined ? {} : { compressor: image.compressor }) },
      (sink) => image.format.write({ disk, identity, threads, signal }, sink),
    );
    if (uncompressed === undefined) return written;
    return { ...written, 'uncompressed-size': uncompressed.size, 'uncompressed-sha256': uncompressed.sha256 };
  });
}
