// What bench/image.ts runs, bundled as the program is: makes disk images of a container once, and writes what that took.
// Usage: node image-once.js REFERENCE OUTPUT FORMAT…; the base disk is taken from OUTPUT if it lies there

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBaseDisk, openBaseDisk } from '../src/disk/base-disk.ts';
import { diskFormats } from '../src/disk/formats.ts';
import { writeImageFile } from '../src/disk/image-file.ts';
import { imageThreads } from '../src/disk/image-threads.ts';
import { platformDisk } from '../src/disk/platform-disk.ts';
import { derivedUuid } from '../src/lib/uuid.ts';
import { silentReporter } from '../src/progress/reporter.ts';
import { describeContainer } from '../src/workspace/disk-images/source-container.ts';
import { resolveImage } from '../src/workspace/resolve-image.ts';
import { silentSession } from '../test/helpers/session.ts';
import { peakMemory } from './measure.ts';

const [from = '', output = '', ...formats] = process.argv.slice(2);
const { reference, image } = await resolveImage(silentSession(), output, from);
const container = describeContainer(image);
const directory = join(output, 'base');
if (!existsSync(directory)) {
  mkdirSync(directory);
  const request = { reader: reference.reader, image, container, sectorSize: 512 } as const;
  await makeBaseDisk(request, directory, silentReporter());
}
await using base = await openBaseDisk(directory);
const { signal } = new AbortController();
const boot = { name: 'qemu', ignitionPlatform: 'qemu', console: { grub_commands: [], kernel_arguments: [] } };
using threads = imageThreads();
for (const name of formats) {
  const disk = await platformDisk(base, boot, 10 * 2 ** 30, signal);
  const identity = { uuid: (purpose: string) => derivedUuid(container.digest, purpose), fileName: 'disk' };
  const format = diskFormats[name as keyof typeof diskFormats];
  await writeImageFile(join(output, `disk.${name}`), { threads, signal }, (sink) =>
    format.write({ disk, identity, threads, signal }, sink),
  );
}
writeFileSync(join(output, 'peak'), String(peakMemory()));
