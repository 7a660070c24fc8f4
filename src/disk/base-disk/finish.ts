import { espGrubConfig } from '../../contract/boot-loader-places.ts';
import { bootLoaderRecordSchema } from '../../contract/boot-loader-record.ts';
import { containerPaths } from '../../contract/paths.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import { faultText, parseDocument } from '../../lib/document.ts';
import { verificationError } from '../../lib/errors.ts';
import { compareBytes, sortByBytes } from '../../lib/order.ts';
import { biosPaths } from '../boot/loaders.ts';
import { placeBiosLoader } from '../boot/methods/bios.ts';
import { deploymentTitle, distributionId } from '../boot/title.ts';
import { withContainerRecords } from '../deployment/kept-commits.ts';
import { newDirectory, newFile, placeNode } from '../deployment/nodes.ts';
import { physicalRoot } from '../deployment.ts';
import type { Extent } from '../extents.ts';
import type { FilesystemWriter } from '../filesystems/filesystem.ts';
import type { DirectoryNode, StoredContent } from '../filesystems/tree.ts';
import { findFilesystem } from '../filesystems.ts';
import { labelPhysicalRoot, withOwnDirectory } from '../labels.ts';
import type { DiskOutput } from '../output.ts';
import { writeOwnPartitions } from '../own-partitions.ts';
import type { Region } from '../partitions/region.ts';
import { partitionName } from '../partitions/table.ts';
import { alephText, followed, originText } from './identity.ts';
import { bootContexts, labelsOf } from './labels.ts';
import type { BaseDiskRecord } from './record.ts';
import { osReleasePaths } from './roles.ts';
import type { SunkContents } from './sink.ts';
import type { BaseDiskRequest } from './types.ts';
import type { BaseDiskWork } from './work.ts';

/**
 * Writes everything but contents, once those have come.
 * @param output of the whole disk
 * @throws CosaError `NAME_INVALID`, `CONTAINER_PATH`, `BOOT_IMAGE_INVALID` (exit 4), and what the filesystems throw
 */
export async function finishBaseDisk(
  work: BaseDiskWork,
  { container, image, sectorSize }: BaseDiskRequest,
  output: DiskOutput,
): Promise<Omit<BaseDiskRecord, 'extents' | 'layout'>> {
  const { settings, plan, disk, targets, contents, loaders } = work;
  const { config } = settings;
  const { commit, version } = plan.commit;
  const release = osRelease(contents);
  const title = deploymentTitle(release, version);
  const readsEntries = grubReadsEntries(contents);
  const bootChecksum = targets.checksum.digest();
  const deployed = { container, config, commit };
  const records = { origin: originText(deployed), aleph: alephText(deployed), bootChecksum, hasOwnMenu: !readsEntries };
  const reference = followed(deployed);
  const kept = work.isBootc
    ? withContainerRecords(work.kept, { image, commit, reference, layers: contents.layers })
    : work.kept;
  const labels = await labelsOf(contents);
  const root = physicalRoot(plan, contents.objects, records, kept);
  if (labels !== undefined) {
    labelPhysicalRoot(withOwnDirectory(root, findFilesystem(config.rootfs, 'rootfs')), plan, labels);
  }
  const rootBytes = await targets.root.finish(root);

  const esp = newDirectory(container.timestamp);
  for (const [path, file] of contents.espFiles) placeNode(esp, path, file);
  if (loaders.distribution !== undefined) {
    const vendor = contents.grub?.vendor() ?? loaders.distribution.vendor ?? distributionId(release);
    placeNode(esp, `EFI/${vendor}/grub.cfg`, newFile(container.timestamp, espGrubConfig));
  }
  await targets.esp.finish(esp, disk.partition(partitionName.esp).size);
  await writeOwnPartitions(settings.layout, work.place, labels);
  const bootCode = loaders.bios === undefined ? undefined : installBios(work, output);

  const { release: kernelRelease, deviceTree, directories } = plan.kernel;
  const { ignition } = contents;
  const boot = { writer: targets.boot, partition: disk.partition(partitionName.boot) };
  const bootFiles = contents.bootFiles.map(({ content, ...file }) => ({ ...file, extents: extentsOn(boot, content) }));
  const efi = { writer: targets.esp, partition: disk.partition(partitionName.esp) };
  const espFiles = [...contents.espFiles].map(([path, { content }]) => {
    return { path, size: Buffer.isBuffer(content) ? content.length : content.size, extents: extentsOn(efi, content) };
  });
  const liveBios = findLiveBios(contents);
  const bootupdState = contents.kept.get(containerPaths.bootupdState);
  const deployment = {
    stateroot: plan.stateroot,
    bootChecksum,
    title,
    kernelRelease,
    readsEntries,
    ...(bootupdState === undefined ? {} : { bootupdState: String(bootupdState) }),
    ...(deviceTree === undefined ? {} : { deviceTree }),
    directories: [...directories],
  };
  return {
    container,
    commit,
    sectorSize,
    config,
    platforms: Object.fromEntries([...settings.platforms].map(([name, own]) => [name, mutable(own)])),
    ...(ignition === undefined ? {} : { ignitionPlatforms: ignition.platforms() }),
    rootBytes,
    deployment,
    bootFiles,
    ...(labels === undefined
      ? {}
      : { bootContexts: bootContexts(deployment, bootFiles, findFilesystem(config.bootfs, 'bootfs'), labels) }),
    efiVendors: vendorsIn(esp),
    espFiles: espFiles.sort((a, b) => compareBytes(a.path, b.path)),
    ...(liveBios === undefined ? {} : { liveBios }),
    ...(contents.liveMenu === undefined ? {} : { liveMenu: contents.liveMenu.toString() }),
    ...(bootCode === undefined ? {} : { bootCode: bootCode.toString('base64') }),
  };
}

/** Where a content lies on the disk. Nothing is left out: these are stored with their zeros. */
function extentsOn(
  { writer, partition }: { writer: FilesystemWriter; partition: Region },
  content: Buffer | StoredContent,
): Extent[] {
  const place = Buffer.isBuffer(content) ? [] : (writer.placeOf(content) ?? []);
  return place.map(({ offset, length }) => ({ offset: partition.offset + offset, length }));
}

/** Names of the container's choice stand in paths of live media: those that are no plain names are left out. */
function vendorsIn(esp: DirectoryNode): string[] {
  const efi = esp.entries.get('EFI');
  const names = efi?.kind === 'directory' ? [...efi.entries.keys()] : [];
  return sortByBytes(names.filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(name) && !/^boot$/i.test(name)));
}

function findLiveBios({ kept }: SunkContents): BaseDiskRecord['liveBios'] {
  const [eltorito, hybrid] = [kept.get(biosPaths.eltorito), kept.get(biosPaths.hybrid)];
  if (eltorito === undefined || hybrid === undefined) return undefined;
  return { eltorito: eltorito.toString('base64'), hybrid: hybrid.toString('base64') };
}

function mutable({ grub_commands, kernel_arguments }: PlatformSettings): BaseDiskRecord['platforms'][string] {
  return { grub_commands: [...grub_commands], kernel_arguments: [...kernel_arguments] };
}

/** What the container says of the boot loaders that were prepared in it, or else what a distribution's own GRUB has in it. */
function grubReadsEntries({ kept, grub }: SunkContents): boolean {
  const path = containerPaths.bootLoaderRecord;
  const text = kept.get(path);
  if (text === undefined) return grub?.readsEntries() ?? false;
  const record = parseDocument(bootLoaderRecordSchema, String(text), (fault) =>
    verificationError(
      'CONTAINER_PATH',
      `${path} in the container does not describe boot loaders: ${faultText(fault, 'it ')}`,
    ),
  );
  return record['reads-entries'];
}

function osRelease({ kept }: SunkContents): string {
  const [path] = osReleasePaths.filter((candidate) => kept.has(candidate));
  if (path !== undefined) return String(kept.get(path));
  throw verificationError('CONTAINER_PATH', `the container has neither ${osReleasePaths.join(' nor ')} as a file`);
}

/** Writes the core image. @returns the boot code, for the first sector: beside the partition table */
function installBios({ contents: { kept }, disk }: BaseDiskWork, output: DiskOutput): Buffer {
  const [bootImage, coreImage] = [kept.get(biosPaths.boot), kept.get(biosPaths.core)];
  if (bootImage === undefined || coreImage === undefined) throw new RangeError('GRUB for BIOS has not come');
  const partition = disk.partition(partitionName.bios);
  const { bootCode, core } = placeBiosLoader({ bootImage, coreImage }, partition);
  output.write(partition.offset, core);
  return bootCode;
}
