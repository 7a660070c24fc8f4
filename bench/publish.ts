// Disk images go to object storage: against `rclone copy` of the same files to the same server, Debian's Swift on this
// machine, in turns and with everything in the page cache; then once more, where nothing is to be done; and the memory that a
// large sparse image takes. Usage: tsx bench/publish.ts. With the program built: whole processes are measured.

import { createCipheriv } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatRecord } from '../src/disk/record.ts';
import { digestFile, digestHex } from '../src/lib/digest.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import { writeSettings } from '../src/workspace/work-directory.ts';
import { diskImageRecord, writeDiskImage } from '../test/helpers/disk-image.ts';
import { storeImage } from '../test/helpers/image.ts';
import { startSwift } from '../test/helpers/swift.ts';
import { least, type ProgramTime, peakMemoryOf, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';

const rounds = 3;
/** Bytes of each of the images. */
const sizes = { qemu: 300_000_000, metal: 250_000_000, aws: 150_000_000, gcp: 40_000_000 };
/** Bytes of the large one. */
const large = 10_000_000_000;

const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const images = join(directory, 'images', '1');
const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));

await using swift = await startSwift();
const { accessKey, secretKey } = swift.publisher;
Object.assign(process.env, swift.environmentOf(swift.publisher), {
  RCLONE_CONFIG_SWIFT_TYPE: 's3',
  RCLONE_CONFIG_SWIFT_PROVIDER: 'Other',
  RCLONE_CONFIG_SWIFT_ACCESS_KEY_ID: accessKey,
  RCLONE_CONFIG_SWIFT_SECRET_ACCESS_KEY: secretKey,
  RCLONE_CONFIG_SWIFT_ENDPOINT: swift.endpoint,
  RCLONE_CONFIG_SWIFT_REGION: swift.region,
});
// This version of rclone cannot do with it.
delete process.env.AWS_CA_BUNDLE;

const publishArguments = (bucket: string, ...more: string[]) => [
  ...['publish', `s3://${bucket}`, '--endpoint', swift.endpoint, '--stream', 'bench', '--arch', 'x86_64', '--quiet'],
  ...more,
];

async function prepare(): Promise<string[]> {
  mkdirSync(images, { recursive: true });
  await writeSettings(directory, { config: { source: '/config' } });
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const container = await storeImage(store, [], { 'org.opencontainers.image.version': '1' });
  await store.setTags(['bench-candidate'], container);
  const paths: string[] = [];
  for (const [platform, size] of Object.entries(sizes)) {
    const key = Buffer.alloc(16, platform);
    const bytes = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
    const record = diskImageRecord(container.digest, bytes, { version: '1', platform });
    paths.push(await writeDiskImage(images, record, bytes));
  }
  await writeLarge(container.digest);
  return paths;
}

/** Of zeros, and nowhere on the disk. */
async function writeLarge(container: Parameters<typeof diskImageRecord>[0]): Promise<void> {
  const record = diskImageRecord(container, '', { version: '1', platform: 'azure' });
  const [file] = record.files;
  if (file === undefined) throw new Error('a record names a file');
  const path = join(images, file.name);
  writeFileSync(path, '');
  truncateSync(path, large);
  const { digest } = await digestFile(path);
  writeFileSync(
    `${path}.json`,
    formatRecord({ ...record, files: [{ ...file, size: large, sha256: digestHex(digest) }] }),
  );
}

try {
  const paths = await prepare();
  const platforms = ['--platform', ...Object.keys(sizes)];
  const times = { cosa: [] as ProgramTime[], rclone: [] as ProgramTime[], again: [] as ProgramTime[] };
  for (let round = 0; round < rounds; round++) {
    const [ours, theirs] = [`cosa-${round}`, `rclone-${round}`];
    await swift.makeBucket(ours);
    await swift.makeBucket(theirs);
    const include = paths.flatMap((path) => ['--include', basename(path)]);
    times.rclone.push(
      await timeProgram('rclone', ['copy', dirname(paths[0] ?? ''), `swift:${theirs}/x`, ...include], directory),
    );
    times.cosa.push(await timeProgram(program, publishArguments(ours, ...platforms), directory));
    times.again.push(await timeProgram(program, publishArguments(ours, ...platforms), directory));
  }
  reportBeside('cosa : rclone', least(times.cosa), least(times.rclone), 1);
  console.log(`nothing to do: ${least(times.again).wall.toFixed(2)} s (at most 0.5)`);
  await swift.makeBucket('large');
  reportPeakMemory(
    300,
    await peakMemoryOf(program, [{ args: publishArguments('large', '--platform', 'azure'), cwd: directory }]),
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
