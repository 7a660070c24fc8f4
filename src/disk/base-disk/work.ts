import { type Cleanup, createCleanup } from '../../lib/cleanup.ts';
import { withBootcCommit } from '../../ostree/unpack/bootc-commit.ts';
import { readDirectories } from '../../ostree/unpack/directories.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';
import type { ContentSink } from '../../ostree/unpack.ts';
import { findLoaders, type LoaderFiles } from '../boot/loaders.ts';
import { type KeptCommits, keptCommits } from '../deployment/kept-commits.ts';
import { type DeploymentPlan, planDeployment } from '../deployment/plan.ts';
import { type DiskWithFilesystems, filesystemOn } from '../filesystem-on-disk.ts';
import { fat } from '../filesystems/fat.ts';
import type { Filesystem, FilesystemRequest, FilesystemWriter } from '../filesystems/filesystem.ts';
import { findFilesystem } from '../filesystems.ts';
import { filesystemObstacle } from '../host-filesystems.ts';
import { type DiskSettings, readDiskSettings } from '../image-config.ts';
import type { DiskOutput } from '../output.ts';
import { partitionName, partitionRows } from '../partitions/table.ts';
import { type PlannedDisk, planDisk } from '../partitions.ts';
import { bootChecksum } from './boot-checksum.ts';
import { boundedOutput } from './bounded-output.ts';
import { contentRoles } from './roles.ts';
import { baseDiskSink, type SinkTargets, type SunkContents } from './sink.ts';
import type { BaseDiskRequest } from './types.ts';

/** A base disk that is being made: what its contents go to, and what has become of them. */
export interface BaseDiskWork extends AsyncDisposable {
  settings: DiskSettings;
  plan: DeploymentPlan;
  /** What else the repository gets, besides the commit that is deployed. */
  kept: KeptCommits;
  /** True if bootc is to know the container again. */
  isBootc: boolean;
  /** Where its partitions begin; root's size shows in the end. */
  disk: PlannedDisk;
  /** What starts the system. */
  loaders: LoaderFiles;
  /** What its filesystems have in common. */
  place: DiskWithFilesystems;
  targets: SinkTargets;
  sink: ContentSink;
  contents: SunkContents;
}

/**
 * Begins a base disk, once the container's tree is known.
 * @param output of the whole disk
 * @param scratch a directory of ours for temporary files
 * @throws CosaError what `readDiskSettings`, `planDeployment`, `findLoaders` and the filesystems throw
 */
export async function beginBaseDisk(
  { reader, image, container, sectorSize }: BaseDiskRequest,
  tree: ImageTree,
  output: DiskOutput,
  scratch: string,
  signal: AbortSignal,
): Promise<BaseDiskWork> {
  const settings = await readDiskSettings(reader, image, tree, signal);
  const deployed = await withBootcCommit(tree, image);
  const plan = planDeployment(await readDirectories(deployed), container.name);
  const kept = await keptCommits(deployed);
  const rows = partitionRows(container.architecture, settings.layout);
  const obstacle = await filesystemObstacle(settings);
  if (obstacle !== undefined) throw obstacle;
  const { digest, timestamp } = container;
  const disk = planDisk(rows, { container: digest, sectorSize, size: 'least', rootBytes: 0 });
  // GRUB's code for BIOS reads sectors of 512 bytes.
  const hasBios = sectorSize === 512 && rows.some(({ name }) => name === partitionName.bios);
  const loaders = findLoaders(plan.commit.root, container.architecture, hasBios);
  const cleanup = createCleanup();
  try {
    const place = { container: digest, timestamp, plan: disk, output, scratch, signal };
    const targets = await beginTargets(place, settings, plan, cleanup);
    const { sink, contents } = baseDiskSink(plan, contentRoles(plan, loaders), targets);
    const dispose = () => cleanup[Symbol.asyncDispose]();
    const isBootc = deployed !== tree;
    return {
      settings,
      plan,
      kept,
      isBootc,
      disk,
      loaders,
      place,
      targets,
      sink,
      contents,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function beginTargets(
  disk: DiskWithFilesystems,
  { config }: DiskSettings,
  { kernel }: DeploymentPlan,
  cleanup: Cleanup,
): Promise<SinkTargets> {
  async function begin(filesystem: Filesystem, request: FilesystemRequest): Promise<FilesystemWriter> {
    const writer = await filesystem.begin(request);
    cleanup.defer(() => writer[Symbol.asyncDispose]());
    return writer;
  }
  const rootOptions = { options: config['rootfs-args'], optionsKey: 'image.json: "rootfs-args"' };
  const boot = filesystemOn(disk, partitionName.boot);
  const bootSize = disk.plan.partition(partitionName.boot).size;
  const checksum = bootChecksum(kernel.hashed.length, disk.scratch);
  cleanup.defer(() => checksum[Symbol.dispose]());
  return {
    root: await begin(findFilesystem(config.rootfs, 'rootfs'), filesystemOn(disk, partitionName.root, rootOptions)),
    boot: await begin(findFilesystem(config.bootfs, 'bootfs'), {
      ...boot,
      output: boundedOutput(boot.output, boot.label, bootSize),
    }),
    esp: await begin(fat, filesystemOn(disk, partitionName.esp)),
    checksum,
  };
}
