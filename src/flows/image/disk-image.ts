import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  artifactFileName,
  artifactFormat,
  type DiskImageRecord,
  formatRecord,
  parseRecord,
} from '../../disk/artifact.ts';
import { assembleDisk } from '../../disk/assemble.ts';
import type { Compressor } from '../../disk/compressors.ts';
import type { DiskPlatform } from '../../disk/platforms/platform.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { commitRename, fsyncPath, isTemporaryName, temporaryName, writeFileAtomic } from '../../lib/files.ts';
import { formatBytes } from '../../lib/format.ts';
import type { Reporter } from '../../lib/reporter.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { stepKey } from '../../pipeline/key.ts';
import { type Pipeline, runCachedStep } from '../../pipeline/step.ts';
import type { SourceContainer } from './container.ts';
import type { ImportedContainer } from './import-sysroot.ts';

/** A disk image that is there, made now or before. */
export interface DiskImage {
  /** Absolute path. */
  path: string;
  record: DiskImageRecord;
}

export interface DiskImageRequest {
  container: SourceContainer;
  platform: DiskPlatform;
  compressor: Compressor | undefined;
  /** Directory for the image and its record. */
  output: string;
}

/**
 * Makes a platform's disk image, unless it is there. What is there is recognised by the record beside it and its
 * size; its bytes are not read.
 * @param importContainer called only if the image has to be made
 * @throws CosaError what `assembleDisk` throws
 */
export async function makeDiskImage(
  pipeline: Pipeline,
  request: DiskImageRequest,
  importContainer: () => Promise<ImportedContainer>,
): Promise<DiskImage> {
  const { container, platform, output } = request;
  const compressor = platform.compressible ? request.compressor : undefined;
  const named = { ...request, ...container, compressor };
  const path = join(output, artifactFileName(named));
  const key = stepKey('disk-image/2', {
    container: container.digest,
    platform: platform.name,
    compressor: compressor?.name,
  });
  const kept = await findKept(path, key);
  const imported = kept === undefined ? await importContainer() : undefined;
  return runCachedStep(
    pipeline,
    `make ${platform.name} image`,
    async () => kept,
    async (reporter) => {
      if (imported === undefined) throw new Error('a missing image needs the container');
      const facts = await write(path, { ...request, compressor }, imported, reporter);
      const record: DiskImageRecord = {
        name: container.name,
        version: container.version,
        platform: platform.name,
        architecture: container.architecture,
        format: artifactFormat(named),
        file: basename(path),
        ...facts,
        container: { digest: container.digest, 'ostree-commit': imported.commit },
        key,
      };
      // Only now: a record always describes a finished image.
      await writeFileAtomic(recordPath(path), formatRecord(record));
      reporter.note(formatBytes(record.size));
      return { path, record };
    },
  );
}

function recordPath(image: string): string {
  return `${image}.json`;
}

async function findKept(path: string, key: string): Promise<DiskImage | undefined> {
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  if (record?.key !== key) return undefined;
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  return size === record.size ? { path, record } : undefined;
}

type Facts = Pick<DiskImageRecord, 'size' | 'sha256' | 'uncompressed-size' | 'uncompressed-sha256'>;

/** Writes the image under its final name, as a whole, and gives sizes and checksums. */
async function write(
  path: string,
  request: DiskImageRequest,
  { sysroot, tree }: ImportedContainer,
  reporter: Reporter,
): Promise<Facts> {
  const { container, platform, compressor } = request;
  await makeDirectory(dirname(path));
  await removeLeftovers(path);
  const scratch = temporaryName(path);
  await mkdir(scratch);
  try {
    const { digest, timestamp } = container;
    const disk = await assembleDisk({ container: digest, platform, sysroot, tree, timestamp }, scratch, reporter);
    const image = join(scratch, 'image');
    await platform.format.write(disk, image, reporter.signal);
    const [plain] = await Promise.all([measure(image), rm(disk, { force: true })]);
    if (compressor === undefined) {
      await publish(image, path);
      return plain;
    }
    const compressed = join(scratch, 'compressed');
    await compressor.compress(image, compressed, reporter.signal);
    const facts = await measure(compressed);
    await publish(compressed, path);
    return { ...facts, 'uncompressed-size': plain.size, 'uncompressed-sha256': plain.sha256 };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Checksum and flush to disk side by side. */
async function measure(file: string): Promise<{ size: number; sha256: string }> {
  const [{ digest, size }] = await Promise.all([digestFile(file), fsyncPath(file)]);
  return { size, sha256: digestHex(digest) };
}

async function publish(file: string, path: string): Promise<void> {
  // An old record must not stand beside a new image.
  await rm(recordPath(path), { force: true });
  await commitRename(file, path);
}

/** What killed processes left of this image. Only under the lock of images. */
async function removeLeftovers(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (isTemporaryName(name) && name.startsWith(`.${basename(path)}.`)) {
      await rm(join(dirname(path), name), { recursive: true, force: true });
    }
  }
}
