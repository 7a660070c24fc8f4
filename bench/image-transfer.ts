// A disk image goes to a registry and comes from it: against `oras` and `skopeo copy` of the same bytes, in turns, each with
// a registry of its own on this machine (Debian's docker-registry) and with everything in the page cache.
// Usage: tsx bench/image-transfer.ts. With the program built: whole processes are measured.

import { createCipheriv } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestFile } from '../src/lib/digest.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import { mediaTypes } from '../src/oci/types.ts';
import { debianRoot } from '../test/helpers/debian-root.ts';
import { diskImageRecord, writeDiskImage } from '../test/helpers/disk-image.ts';
import { startDockerRegistry } from '../test/helpers/docker-registry.ts';
import { storeImage, storeImageOf } from '../test/helpers/image.ts';
import { least, type ProgramTime, peakMemoryOf, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';

const rounds = 3;
/** Bytes: a qcow2 of an operating system. */
const size = 700 * 1024 * 1024;

const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const layout = join(directory, 'oci');
const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));
const oras = join(await debianRoot({ suite: 'trixie', packages: ['oras'], state: 'unpacked' }), 'usr/bin/oras');

interface Side {
  push(host: string): Promise<ProgramTime>;
  pull(host: string, to: string): Promise<ProgramTime>;
}

const pushArguments = (host: string, image: string) => [
  ...['image', 'push', image, `docker://${host}/os:disks`, '--from', `oci:${layout}:container`],
  ...['--arch', 'x86_64', '--quiet'],
];
const pullArguments = (host: string, to: string) => [
  ...['image', 'pull', `docker://${host}/os:disks`, 'qemu', '--arch', 'x86_64', '--output', to, '--quiet'],
];

async function prepare(): Promise<{ image: string }> {
  // Nothing in it can be compressed; it begins as zstd does, or skopeo would try.
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
  bytes.writeUInt32LE(0xfd2fb528);
  await using store = await openLayoutForWriting(layout);
  const container = await storeImage(store, [], { 'org.opencontainers.image.version': '1' });
  await store.setTags(['container'], container);
  const image = await writeDiskImage(
    join(directory, 'images'),
    diskImageRecord(container.digest, bytes, { version: '1' }),
    bytes,
  );
  const { digest } = await digestFile(image);
  const layer = { mediaType: mediaTypes.layerZstd, digest, size };
  await store.putBlob({ descriptor: layer, open: () => createReadStream(image) as AsyncIterable<Buffer> });
  await store.setTags(['disk'], await storeImageOf(store, [layer], [digest]));
  return { image };
}

function sides(image: string): Record<'cosa' | 'oras' | 'skopeo', Side> {
  const name = image.slice(join(directory, 'images').length + 1);
  return {
    cosa: {
      push: (host) => timeProgram(program, pushArguments(host, image), directory),
      pull: (host, to) => timeProgram(program, pullArguments(host, to), to),
    },
    oras: {
      push: (host) => timeProgram(oras, ['push', '--plain-http', `${host}/os:disk`, name], join(directory, 'images')),
      // It leaves the bytes in the page cache; skopeo and we have them on the disk when we say so.
      pull: (host, to) =>
        timeProgram('bash', [
          '-c',
          `"$0" pull --plain-http "$1" --output "$2" && sync "$2"/*`,
          oras,
          `${host}/os:disk`,
          to,
        ]),
    },
    skopeo: {
      push: (host) =>
        timeProgram('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout}:disk`, `docker://${host}/os:disk`]),
      pull: (host, to) =>
        timeProgram('skopeo', ['copy', '--src-tls-verify=false', `docker://${host}/os:disk`, `oci:${to}/oci:disk`]),
    },
  };
}

async function measure(side: Side): Promise<{ push: ProgramTime; pull: ProgramTime }> {
  await using registry = await startDockerRegistry();
  const target = join(directory, 'target');
  mkdirSync(target);
  const push = await side.push(registry.host);
  const pull = await side.pull(registry.host, target);
  rmSync(target, { recursive: true });
  return { push, pull };
}

async function peakMemory(image: string): Promise<number> {
  await using registry = await startDockerRegistry();
  const target = join(directory, 'target');
  mkdirSync(target);
  return await peakMemoryOf(program, [
    { args: pushArguments(registry.host, image), cwd: directory },
    { args: pullArguments(registry.host, target), cwd: target },
  ]);
}

try {
  const { image } = await prepare();
  const all = sides(image);
  const times = { cosa: [], oras: [], skopeo: [] } as Record<keyof typeof all, Awaited<ReturnType<typeof measure>>[]>;
  // In turns: what else the machine does befalls all.
  for (let round = 0; round < rounds; round++) {
    for (const name of ['oras', 'cosa', 'skopeo'] as const) times[name].push(await measure(all[name]));
  }
  for (const peer of ['oras', 'skopeo'] as const) {
    for (const step of ['push', 'pull'] as const) {
      const [ours, theirs] = [times.cosa, times[peer]].map((of) => least(of.map((one) => one[step])));
      if (ours !== undefined && theirs !== undefined) reportBeside(`cosa : ${peer}, ${step}`, ours, theirs, 1);
    }
  }
  reportPeakMemory(300, await peakMemory(image));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
