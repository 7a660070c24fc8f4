import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DirectoryCache } from '../../cache/directories.ts';
import { stepKey } from '../../cache/key.ts';
import { containerPaths } from '../../contract/paths.ts';
import type { Cleanup } from '../../lib/cleanup.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { BaseDisk, BaseDiskRequest } from '../base-disk/types.ts';
import { makeBaseDisk, openBaseDisk } from '../base-disk.ts';
import { filesystemVersions } from '../host-filesystems.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import { partitionName } from '../partitions/table.ts';
import type { Artifact } from './artifact.ts';
import type { TemporaryDirectories } from './temporary.ts';

/** What base disks are made of and where they are kept. */
export interface BaseDiskMaking extends Omit<BaseDiskRequest, 'sectorSize'> {
  /** Of the kind `baseDisks`; undefined to keep none and take none from there. */
  cache: DirectoryCache | undefined;
  /** For what is not kept. */
  temporary: TemporaryDirectories;
  /** Closes the disks that were opened. */
  cleanup: Cleanup;
  /** Takes what a person should know of, and what can be done about it. */
  warn: (message: string, hint?: string) => void;
}

/** A base disk, and the programs of the host that decided about its bytes, with their versions. */
export interface MadeBaseDisk {
  disk: BaseDisk;
  hostVersions: readonly string[];
}

/** In an entry's directory: the disk, and the versions as a list. */
const diskName = 'disk';
const versionsName = 'host-versions.json';

const biosHint = `for BIOS, put GRUB's boot.img and core.img (grub-mkimage --format=i386-pc) into ${containerPaths.bootLoaders}/bios, and the files of the EFI system partition into ${containerPaths.bootLoaders}/efi`;

/** True where there is a place for what BIOS starts, and nothing in it. GRUB's code for BIOS reads sectors of 512 bytes. */
function lacksBios({ bootCode, sectorSize, partitions }: BaseDisk): boolean {
  return bootCode === undefined && sectorSize === 512 && partitions.some((row) => row.name === partitionName.bios);
}

/** What all disks of a container with one size of sectors have in common. */
export function baseDiskArtifact(making: BaseDiskMaking, sectorSize: SectorSize): Artifact<MadeBaseDisk> {
  const { container, cache, cleanup } = making;
  const { digest, name, version, architecture, timestamp, followed = '' } = container;
  const key = stepKey('base-disk/7', { digest, name, version, architecture, timestamp, followed, sectorSize });
  /** Another one, once the kept disk says which programs there are and they are not what they were. */
  let keyOfVersions: string | undefined;

  async function opened(directory: string): Promise<MadeBaseDisk> {
    const disk = await openBaseDisk(join(directory, diskName));
    cleanup.defer(() => disk[Symbol.asyncDispose]());
    if (lacksBios(disk)) making.warn('the disks start by UEFI alone: the container has no GRUB for BIOS', biosHint);
    return { disk, hostVersions: JSON.parse(await readFile(join(directory, versionsName), 'utf8')) as string[] };
  }

  async function make(directory: string, reporter: Reporter): Promise<void> {
    const path = join(directory, diskName);
    await mkdir(path);
    await makeBaseDisk({ ...making, sectorSize }, path, reporter);
    reporter.note('verified');
    await using disk = await openBaseDisk(path);
    await writeFile(join(directory, versionsName), JSON.stringify(await filesystemVersions(disk)));
  }

  return {
    id: `base disk ${sectorSize}`,
    title: sectorSize === 512 ? 'make base disk' : `make base disk (${sectorSize} byte sectors)`,
    needs: [],
    tools: [],
    outputs: [],
    key,
    async find() {
      const directory = await cache?.find(key);
      if (directory === undefined) return undefined;
      const kept = await opened(directory);
      const versions = await filesystemVersions(kept.disk);
      if (isDeepStrictEqual(kept.hostVersions, versions)) return kept;
      keyOfVersions = stepKey('base-disk-by/1', { key, versions });
      const other = await cache?.find(keyOfVersions);
      return other === undefined ? undefined : opened(other);
    },
    async make(_, reporter) {
      if (cache !== undefined) {
        return opened(await cache.fill(keyOfVersions ?? key, (directory) => make(directory, reporter)));
      }
      const directory = await making.temporary.make(`base-disk-${sectorSize}`);
      await make(directory, reporter);
      return opened(directory);
    },
  };
}
