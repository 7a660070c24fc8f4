import { symlink } from 'node:fs/promises';
import { buildMetadataComponent } from '../../contract/labels.ts';
import { usageError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, replaceInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath, resolveInRoot } from '../../lib/root-path.ts';
import type { RootContext, RootStep } from '../context.ts';
import type { Mount } from '../request.ts';

const unitDirectory = '/usr/lib/systemd/system';

/**
 * Has the partitions of disk.yaml mounted. The units are wanted and not required: a machine that was installed before
 * the partition was thought of gets this build as an update, and must boot all the same.
 */
export const mountUnits: RootStep = {
  title: 'write mount units',
  async run(context) {
    for (const mount of context.request.mounts) await writeMountUnit(context, mount);
  },
};

async function writeMountUnit(context: RootContext, mount: Mount): Promise<void> {
  const { root } = context;
  const name = `${escapedPath(mount.place)}.mount`;
  const path = `${unitDirectory}/${name}`;
  if ((await statInRoot(root, path)) !== undefined) {
    throw usageError(
      'MOUNT_UNIT_EXISTS',
      `disk.yaml mounts ${mount.place}, and the system has a unit ${name} already`,
      {
        hint: 'leave out one of the two: "mount" in disk.yaml, or the unit of the package or overlay',
      },
    );
  }
  const device = `/dev/disk/by-partlabel/${mount.partition}`;
  const check = `systemd-fsck@${escapedPath(device)}.service`;
  const unit = `# Made of disk.yaml.
[Unit]
Description=${mount.place}
Wants=${check}
After=${check}

[Mount]
Where=${mount.place}
What=${device}
Type=${mount.filesystem}

[Install]
WantedBy=local-fs.target
`;
  // It lies on the disk that the root was found on: what is not there by then does not come.
  const timeout = `[Unit]\nJobRunningTimeoutSec=15s\n`;
  await write(context, path, unit);
  await write(context, `${unitDirectory}/${escapedPath(device)}.device.d/10-partition.conf`, timeout);
  const wants = `${unitDirectory}/local-fs.target.wants`;
  await makeDirectoryInRoot(root, wants);
  await symlink(`../${name}`, await hostPath(root, `${wants}/${name}`));
  context.generated.set(
    await resolveInRoot(root, wants).then((directory) => `${directory}/${name}`),
    buildMetadataComponent,
  );
}

async function write(context: RootContext, path: string, text: string): Promise<void> {
  await replaceInRoot(context.root, path, text);
  context.generated.set(await resolveInRoot(context.root, path), buildMetadataComponent);
}

/** The name of a unit for a path without `.` and `..`: systemd.unit(5), "String escaping for inclusion in unit names". */
export function escapedPath(path: string): string {
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replace(/[^A-Za-z0-9:_.]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`))
    .join('-');
}
