import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskLayoutText } from '../contract/disk-layout.ts';
import { canonicalJson, type Json } from '../lib/canonical-json.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { verificationError } from '../lib/errors.ts';
import { unpackImage } from '../ostree/unpack.ts';
import type { Reporter } from '../progress/reporter.ts';
import { finishBaseDisk } from './base-disk/finish.ts';
import { type BaseDiskRecord, baseDiskRecordSchema } from './base-disk/record.ts';
import type { BaseDisk, BaseDiskRequest, LiveBios } from './base-disk/types.ts';
import { type BaseDiskWork, beginBaseDisk } from './base-disk/work.ts';
import { fileOutput } from './output.ts';
import { partitionRows } from './partitions/table.ts';
import { planDisk } from './partitions.ts';
import { fileSource } from './source.ts';

const diskName = 'disk.raw';
const recordName = 'base.json';
const scratchName = 'scratch';

/**
 * Makes a base disk of a container: its layers are read once, and each content is written to its place as soon as it was
 * decompressed and hashed. The same container gives the same bytes on every host.
 * @param directory exists and is empty; after an error it holds a part of the disk
 * @throws CosaError `CONTENT_TOO_LARGE` (exit 4), what `unpackImage`, `planDeployment`, `readDiskSettings` and the filesystems
 *   throw; the signal's reason
 */
export async function makeBaseDisk(request: BaseDiskRequest, directory: string, reporter: Reporter): Promise<void> {
  const scratch = join(directory, scratchName);
  await mkdir(scratch);
  const file = openSync(join(directory, diskName), 'wx');
  let work: BaseDiskWork | undefined;
  try {
    const output = fileOutput(file);
    await unpackImage(
      request.reader,
      request.image,
      async (tree) => {
        work = await beginBaseDisk(request, tree, output, scratch, reporter.signal);
        return work.sink;
      },
      reporter,
    );
    if (work === undefined) throw new Error('the container was unpacked to nowhere');
    const finished = await finishBaseDisk(work, request, output);
    const extents = output.finish().map(({ offset, length }) => ({ offset, length }));
    // disk.json again: sizes with their units.
    const layout = JSON.parse(diskLayoutText(work.settings.layout)) as Json;
    await writeFile(join(directory, recordName), canonicalJson({ ...finished, layout, extents }));
  } finally {
    closeSync(file);
    await work?.[Symbol.asyncDispose]();
  }
  await rm(scratch, { recursive: true });
}

/**
 * Opens what {@link makeBaseDisk} has left.
 * @throws CosaError `DISK_INVALID` (exit 4) if it is of another version, system errors
 */
export async function openBaseDisk(directory: string): Promise<BaseDisk> {
  const record = await readRecord(join(directory, recordName));
  const { container, sectorSize, deployment, platforms, bootCode, liveBios, ignitionPlatforms, extents, rootBytes } =
    record;
  const partitions = partitionRows(container.architecture, record.layout);
  const { size } = planDisk(partitions, { container: container.digest, sectorSize, size: 'least', rootBytes });
  const file = await open(join(directory, diskName), 'r');
  return {
    ...record,
    partitions,
    kernelRelease: deployment.kernelRelease,
    platforms: new Map(Object.entries(platforms)),
    ignitionPlatforms,
    deployment: { ...deployment, deviceTree: deployment.deviceTree, bootupdState: deployment.bootupdState },
    bootContexts: new Map(Object.entries(record.bootContexts ?? {})),
    bootCode: bootCode === undefined ? undefined : Buffer.from(bootCode, 'base64'),
    liveBios: liveBios === undefined ? undefined : fromBase64(liveBios),
    liveMenu: record.liveMenu,
    leastSize: size,
    source: fileSource(file, size, extents),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function fromBase64({ eltorito, hybrid }: NonNullable<BaseDiskRecord['liveBios']>): LiveBios {
  return { eltorito: Buffer.from(eltorito, 'base64'), hybrid: Buffer.from(hybrid, 'base64') };
}

async function readRecord(path: string): Promise<BaseDiskRecord> {
  return parseDocument(baseDiskRecordSchema, await readFile(path, 'utf8'), (fault) =>
    verificationError('DISK_INVALID', `${path} does not describe a base disk: ${faultText(fault, 'it ')}`, {
      hint: 'remove what is cached with "cosa prune --cache"',
    }),
  );
}
