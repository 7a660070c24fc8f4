import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DirectoryCache } from '../../cache/directories.ts';
import { stepKey } from '../../cache/key.ts';
import type { DiskConfig } from '../../contract/image-config.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Cleanup } from '../../lib/cleanup.ts';
import { formatBytes } from '../../lib/format.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { BaseDisk, DiskContainer } from '../base-disk/types.ts';
import type { ImageThreads } from '../image-threads.ts';
import { findLiveFilesystem } from '../live/filesystems.ts';
import { type InstallableDisk, installPayload } from '../live/install-payload.ts';
import { type LiveRootfs, writeRootfsImage } from '../live/rootfs-image.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import { partitionName } from '../partitions/table.ts';
import { planDisk } from '../partitions.ts';
import { platformDisk } from '../platform-disk.ts';
import { metal, metal4k } from '../platforms/metal.ts';
import type { Platform } from '../platforms/platform.ts';
import { type DiskSource, fileSource } from '../source.ts';
import type { Artifact } from './artifact.ts';
import type { MadeBaseDisk } from './base-disk.ts';
import { consoleOf } from './console-of.ts';
import type { TemporaryDirectories } from './temporary.ts';

/** What live root filesystems are made of and where they are kept. */
export interface LiveRootfsMaking {
  container: DiskContainer;
  /** image.json. */
  config: DiskConfig;
  baseDisk: (sectorSize: SectorSize) => Artifact<MadeBaseDisk>;
  threads: () => Promise<ImageThreads>;
  /** Of the kind `liveRootfs`; undefined to keep none and take none from there. */
  cache: DirectoryCache | undefined;
  /** For what is not kept. */
  temporary: TemporaryDirectories;
  /** Closes the files that were opened. */
  cleanup: Cleanup;
}

/** `rootfs.img`, and what is known of it. */
export interface MadeLiveRootfs extends LiveRootfs {
  path: string;
  /** Its file, open. */
  source: DiskSource;
}

/** In an entry's directory. */
const imageName = 'rootfs.img';
const recordName = 'rootfs.json';

const recordSchema = z.object({ size: z.int().positive(), sha256: z.string(), streamHash: z.string() });

/**
 * The root filesystem of a container's live media, with what they install.
 * @throws CosaError `FILESYSTEM_UNKNOWN`, `FILESYSTEM_OPTION` (exit 2)
 */
export function liveRootfsArtifact(making: LiveRootfsMaking): Artifact<MadeLiveRootfs> {
  const { container, config, cache, cleanup } = making;
  const filesystem = findLiveFilesystem(config['live-rootfs-fstype']);
  const options = {
    options: config['live-rootfs-fsoptions'],
    optionsKey: 'image.json: "live-rootfs-fsoptions"',
  };
  const disks = [metal, metal4k].map((platform) => ({ platform, base: making.baseDisk(platform.sectorSize) }));
  const key = stepKey('live-rootfs/1', {
    disks: disks.map(({ platform, base }) => [platform.name, base.key, { ...consoleOf(platform, container) }]),
    filesystem: [filesystem.name, filesystem.parameters(options)],
  });

  async function opened(directory: string): Promise<MadeLiveRootfs> {
    const record = recordSchema.parse(JSON.parse(await readFile(join(directory, recordName), 'utf8')));
    const path = join(directory, imageName);
    const file = await open(path, 'r');
    cleanup.defer(() => file.close());
    return { ...record, path, source: fileSource(file, record.size, [{ offset: 0, length: record.size }]) };
  }

  async function make(bases: readonly MadeBaseDisk[], directory: string, reporter: Reporter): Promise<void> {
    const { signal } = reporter;
    const threads = await making.threads();
    const [first, ...others] = await Promise.all(
      bases.map(({ disk }, index) => installable(disk, (disks[index] as (typeof disks)[number]).platform, signal)),
    );
    const description = [container.name, container.version, container.architecture] as const;
    const files = await installPayload({ metal: first as InstallableDisk, others, description, threads, signal });
    const request = { files, timestamp: container.timestamp, threads, signal, ...options };
    const written = await writeRootfsImage(join(directory, imageName), filesystem, request, container.version);
    await writeFile(join(directory, recordName), canonicalJson({ ...written }));
    reporter.note(formatBytes(written.size));
  }

  return {
    id: 'live root filesystem',
    title: 'make live root filesystem',
    needs: disks.map(({ base }) => base),
    tools: [],
    outputs: [],
    key,
    async find() {
      const directory = await cache?.find(key);
      return directory === undefined ? undefined : opened(directory);
    },
    async make(made, reporter) {
      const bases = disks.map(({ base }) => made(base));
      if (cache !== undefined) return opened(await cache.fill(key, (directory) => make(bases, directory, reporter)));
      const directory = join(await making.temporary.make('live-rootfs'), 'content');
      await mkdir(directory);
      await make(bases, directory, reporter);
      return opened(directory);
    },
  };
}

async function installable(base: BaseDisk, platform: Platform, signal: AbortSignal): Promise<InstallableDisk> {
  const boot = {
    name: platform.name,
    ignitionPlatform: platform.ignition.id,
    console: consoleOf(platform, base.container),
  };
  const source = await platformDisk(base, boot, 'least', signal);
  const { sectorSize, rootBytes, partitions } = base;
  const plan = planDisk(partitions, { container: base.container.digest, sectorSize, size: 'least', rootBytes });
  return { source, sectorSize, root: plan.partition(partitionName.root) };
}
