import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { start } from '../../src/exec/run.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { buildFileKey, imagesKey } from '../../src/publish/keys.ts';
import type { ObjectStore } from '../../src/publish/object-store.ts';
import { parsePublishedImages } from '../../src/publish/published-images.ts';
import { openObjectStore } from '../../src/publish/stores.ts';
import { readDocument } from '../../src/publish/update.ts';
import { writeSettings } from '../../src/workspace/work-directory.ts';
import { diskImageRecord, writeDiskImage } from '../helpers/disk-image.ts';
import { type FaultyProxy, startFaultyProxy } from '../helpers/faulty-proxy.ts';
import { storeImage } from '../helpers/image.ts';
import { silentSession } from '../helpers/session.ts';
import { type Swift, startSwift } from '../helpers/swift.ts';
import { checkout, program } from './fixture.ts';

let swift: Swift;
let proxy: FaultyProxy;
let work: string;
let store: ObjectStore;

const build = { stream: 'testing', version: '13.1', architecture: 'x86_64' };
/** In parts, and in one piece. */
const contents = { metal: randomBytes(17_000_000), qemu: randomBytes(1000) };

beforeAll(async () => {
  swift = await startSwift();
  proxy = await startFaultyProxy(swift.endpoint);
  await swift.makeBucket('published');
  for (const [name, value] of Object.entries(swift.environmentOf(swift.publisher))) vi.stubEnv(name, value);
  work = await mkdtemp(join(tmpdir(), 'cosa-publish-killed-'));
  await writeSettings(work, { config: { source: '/config' } });
  await using layout = await openLayoutForWriting(join(work, 'oci'));
  const container = await storeImage(layout, [], { 'org.opencontainers.image.version': '13.1' });
  await layout.setTags(['testing-candidate'], container);
  for (const [platform, content] of Object.entries(contents)) {
    await writeDiskImage(join(work, 'images/13.1'), diskImageRecord(container.digest, content, { platform }), content);
  }
  store = await openObjectStore('s3://published/os', { endpoint: swift.endpoint }, silentSession());
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await store[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await swift[Symbol.asyncDispose]();
  await rm(work, { recursive: true });
});

/** Runs the program, which is killed when it asks for something; or to its end. */
async function publish(killedAt?: RegExp): Promise<void> {
  proxy.reset();
  const args = ['publish', 's3://published/os', '--endpoint', proxy.endpoint];
  const command = await start(
    program(resolve(checkout, 'bin/cosa')),
    [...args, '--stream', build.stream, '--arch', build.architecture, '--quiet'],
    { cwd: work, env: { ...swift.environmentOf(swift.publisher) } },
  );
  command.stdout.resume();
  proxy.onRequest = (line) => {
    if (killedAt?.test(line) === true) command.kill('SIGKILL');
  };
  if (killedAt === undefined) await command.done;
  else await expect(command.done).rejects.toThrow('SIGKILL');
}

/** Every object that is named is there, as it is named. */
async function namedImages(): Promise<string[]> {
  const document = await readDocument(store, imagesKey(build));
  if (document === undefined) return [];
  const { images } = parsePublishedImages(document.text, 'images.json');
  for (const { name, size, sha256 } of images.flatMap(({ files }) => files)) {
    expect(await store.stat(buildFileKey(build, name))).toMatchObject({ size, sha256 });
  }
  return images.map(({ platform }) => platform);
}

/** As if a minute had passed, after which a dead process's claims count no more. */
async function forgetClaims(): Promise<void> {
  for await (const { key } of store.list('locks/')) await store.remove(key);
}

// In such an order that each is still to be done: what one has asked for may be done although it was killed.
const steps = [
  /^HEAD .*images\.json/,
  /^HEAD .*metal/,
  /^PUT .*qemu/,
  /^POST .*uploads/,
  /^PUT .*partNumber=2/,
  /^POST .*uploadId/,
  /^PUT .*locks/,
  /^PUT .*SHA256SUMS/,
  /^PUT .*x86_64\/images\.json/,
  /^DELETE .*locks/,
];

it('names nothing that is not there, wherever it is killed, and another run completes it', async () => {
  for (const killedAt of steps) {
    // The last but one may have taken effect although its sender was killed: then a run ends earlier.
    if ((await namedImages()).length > 0) break;
    await publish(killedAt);
    await namedImages();
    await forgetClaims();
  }
  await publish();
  expect(await namedImages()).toEqual(['metal', 'qemu']);
  // Nothing is sent the second time.
  await publish();
  expect(proxy.log.map((line) => line.replace(/ .*\//, ' '))).toEqual([
    'HEAD images.json',
    'GET images.json?x-id=GetObject',
  ]);
});
