import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { stepKey } from '../../cache/key.ts';
import {
  artifactFileName,
  artifactFormat,
  type DiskImageRecord,
  formatRecord,
  parseRecord,
} from '../../disk/by-host/artifact.ts';
import { assembleDisk } from '../../disk/by-host/assemble.ts';
import type { Compressor } from '../../disk/by-host/compressors.ts';
import type { DiskPlatform } from '../../disk/by-host/platforms/platform.ts';
import { openScratch } from '../../exec/scratch.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { commitRename, fsyncPath, writeFileAtomic } from '../../lib/files.ts';
import { formatBytes } from '../../lib/format.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { type Pipeline, runCachedStep, runStep } from '../../progress/step.ts';
import type { ImportedContainer } from './import-sysroot.ts';
import type { SourceContainer } from './source-container.ts';

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
  /** Directory on the same file system, for what is not finished. */
  scratchBase: string;
}

/**
 * Makes a platform's disk image, unless it is there: then its bytes are compared with the record beside it, and it is made
 * anew if they are not those that were written.
 * @param importContainer called only if the image has to be made
 * @throws CosaError what `assembleDisk` throws, `DIRECTORY_UNUSABLE` (exit 2) before the container is read
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
  const title = `make ${platform.name} image`;
  const kept = await findKept(pipeline, path, key);
  if (kept !== undefined) {
    return runCachedStep(
      pipeline,
      title,
      async () => kept,
      async () => kept,
    );
  }
  await makeDirectory(output);
  // Before minutes of work: whatever is wrong with the directory shows now.
  await using scratch = await openScratch(request.scratchBase);
  const imported = await importContainer();
  return await runStep(pipeline, title, async (reporter) => {
    const { file, ...sizes } = await write(scratch.path, { ...request, compressor }, imported, reporter);
    const record: DiskImageRecord = {
      name: container.name,
      version: container.version,
      platform: platform.name,
      architecture: container.architecture,
      format: artifactFormat(named),
      file: basename(path),
      ...sizes,
      container: { digest: container.digest, 'ostree-commit': imported.commit },
      key,
    };
    await publish(file, path, record);
    reporter.note(formatBytes(record.size));
    return { path, record };
  });
}

function recordPath(image: string): string {
  return `${image}.json`;
}

/** The image that the record describes, byte for byte: what is booted, tested or handed out must be what was made. */
async function findKept(pipeline: Pipeline, path: string, key: string): Promise<DiskImage | undefined> {
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  if (record?.key !== key) return undefined;
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) return undefined;
  const isSame =
    stats.size === record.size &&
    (await runStep(pipeline, `verify ${record.platform} image`, async (reporter) => {
      const { digest } = await digestFile(path);
      reporter.note(digestHex(digest) === record.sha256 ? 'verified' : 'damaged');
      return digestHex(digest) === record.sha256;
    }));
  if (isSame) return { path, record };
  const message = `${path} is made anew: it is not the file that was written there`;
  pipeline.events({ type: 'warning', message, hint: undefined });
  return undefined;
}

type MeasuredSizes = Pick<DiskImageRecord, 'size' | 'sha256' | 'uncompressed-size' | 'uncompressed-sha256'>;

/** Writes the image into a scratch directory, and gives its file, sizes and checksums. */
async function write(
  scratch: string,
  request: Pick<DiskImageRequest, 'container' | 'platform' | 'compressor'>,
  { sysroot, tree }: ImportedContainer,
  reporter: Reporter,
): Promise<MeasuredSizes & { file: string }> {
  const { platform, compressor } = request;
  const { digest, timestamp } = request.container;
  // That of the scratch directory itself is not empty: it holds a lock.
  const work = join(scratch, platform.name);
  await mkdir(work);
  const disk = await assembleDisk({ container: digest, platform, sysroot, tree, timestamp }, work, reporter);
  const image = join(work, 'image');
  await platform.format.write(disk, image, reporter.signal);
  const [plain] = await Promise.all([measure(image), rm(disk, { force: true })]);
  if (compressor === undefined) return { file: image, ...plain };
  const compressed = join(work, 'compressed');
  await compressor.compress(image, compressed, reporter.signal);
  const sizes = await measure(compressed);
  return { file: compressed, ...sizes, 'uncompressed-size': plain.size, 'uncompressed-sha256': plain.sha256 };
}

/** Checksum and flush to disk side by side. */
async function measure(file: string): Promise<{ size: number; sha256: string }> {
  const [{ digest, size }] = await Promise.all([digestFile(file), fsyncPath(file)]);
  return { size, sha256: digestHex(digest) };
}

/** Gives an image and its record their final names, each as a whole. */
async function publish(file: string, path: string, record: DiskImageRecord): Promise<void> {
  const unnamed = `${file}.json`;
  await writeFileAtomic(unnamed, formatRecord(record));
  // An old record must not stand beside a new image, nor a new one beside an old image.
  await rm(recordPath(path), { force: true });
  await commitRename(file, path);
  await commitRename(unnamed, recordPath(path));
}
