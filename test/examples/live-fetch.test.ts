import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunResult, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { checkout } from '../integration/fixture.ts';
import { testDirectory } from './installable.ts';

const script = resolve(
  checkout,
  'examples/debian-coreos/overlay.d/15live/usr/lib/dracut/modules.d/60coreos-live/coreos-live-fetch.sh',
);

const piece = 2 * 1024 ** 2;

/** Three pieces, the last of which is not whole. */
const rootfs = Buffer.alloc(2 * piece + 4711, 'root filesystem ');

function wanted(content: Buffer): string {
  const pieces = [0, 1, 2].map((index) => content.subarray(index * piece, (index + 1) * piece));
  const digests = pieces.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  return ['stream-hash sha256 2097152', ...digests, ''].join('\n');
}

type Answer = (response: ServerResponse) => void;

const all: Answer = (response) => void response.end(rootfs);

/** A server that answers each request with the next of `answers`, and then with the last. */
async function serve(answers: readonly Answer[]): Promise<{ url: string; asked(): number }> {
  let count = 0;
  const server = createServer((_, response) => {
    answers[Math.min(count, answers.length - 1)]?.(response);
    count += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rootfs.img`, asked: () => count };
}

/** Runs the script as the initramfs does, in a root where what it writes is thrown away; pauses take no time. */
async function fetch(
  url: string,
  want = wanted(rootfs),
  longest = 3600,
): Promise<RunResult & { fetched: Buffer | undefined }> {
  const directory = await testDirectory();
  await writeFile(join(directory, 'cmdline'), `rw coreos.live.rootfs_url=${url} quiet\n`);
  await writeFile(join(directory, 'want'), want);
  await writeFile(
    join(directory, 'fetch'),
    (await readFile(script, 'utf8')).replace('seconds=5', 'seconds=0').replace('longest=3600', `longest=${longest}`),
  );
  const commands = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
mount --rbind /dev /mnt/root/dev
mount -t tmpfs tmpfs /mnt/root/run
mount -t proc proc /mnt/root/proc
mount --bind "$1/cmdline" /mnt/root/proc/cmdline
cp "$1/want" /mnt/root/etc/coreos-live-want-rootfs
cp "$1/fetch" /mnt/root/fetch
chroot /mnt/root bash /fetch
cp /mnt/root/run/coreos-live/rootfs.img "$1"`;
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', commands, 'sh', directory];
  const result = await tryRun(tools.unshare, args);
  return { ...result, fetched: await readFile(join(directory, 'rootfs.img')).catch(() => undefined) };
}

// Filesystems are root's to mount.
if (process.getuid?.() === 0) {
  test('the root filesystem is fetched, and found to be the one that is wanted', async () => {
    const server = await serve([all]);
    const { exitCode, stderr, fetched } = await fetch(server.url);
    expect({ exitCode, stderr, asked: server.asked() }).toEqual({ exitCode: 0, stderr: '', asked: 1 });
    expect(fetched?.equals(rootfs)).toBe(true);
  });

  test.each<[string, Answer]>([
    ['says that it is not ready', (response) => void response.writeHead(503).end()],
    ['asks for time', (response) => void response.writeHead(429).end()],
    ['closes the connection', (response) => void response.destroy()],
    [
      'breaks off within a piece',
      (response) => {
        response.writeHead(200, { 'content-length': rootfs.length });
        response.write(rootfs.subarray(0, piece + 99), () => response.destroy());
      },
    ],
  ])('a server that %s is asked again', async (_, answer) => {
    const server = await serve([answer, answer, all]);
    const { exitCode, stderr, fetched } = await fetch(server.url);
    expect({ exitCode, asked: server.asked() }).toEqual({ exitCode: 0, asked: 3 });
    expect(stderr.split('\n').filter((line) => line.startsWith('coreos-live: '))).toEqual(
      Array.from(
        { length: 2 },
        () => `coreos-live: ${server.url}: no answer yet, or not all of it; trying again in 0 s`,
      ),
    );
    expect(fetched?.equals(rootfs)).toBe(true);
  });

  test.each<[string, Answer]>([
    ['never answers', () => undefined],
    [
      'never ends',
      (response) => {
        response.writeHead(200);
        const more = () => void (response.destroyed || response.write('r', () => setTimeout(more, 10)));
        more();
      },
    ],
    ['is never ready', (response) => void response.writeHead(503).end()],
  ])('a server that %s is given up', async (_, answer) => {
    const server = await serve([answer]);
    const { exitCode, stderr, fetched } = await fetch(server.url, wanted(rootfs), 1);
    expect({ exitCode, fetched }).toEqual({ exitCode: 1, fetched: undefined });
    expect(stderr).toMatch(/coreos-live: \S+: the root filesystem has not come in 1 s\n$/);
  });

  const changed = (at: number) => {
    const copy = Buffer.from(rootfs);
    copy.write('X', at);
    return copy;
  };
  test.each<[string, Buffer]>([
    ['another first piece', changed(17)],
    ['another last piece', changed(rootfs.length - 1)],
    ['less', rootfs.subarray(0, -1)],
    ['more', Buffer.concat([rootfs, Buffer.alloc(1)])],
    ['much more', Buffer.concat([rootfs, Buffer.alloc(8 * piece)])],
    ['nothing', Buffer.alloc(0)],
  ])('a server that has %s is not believed', async (_, content) => {
    const server = await serve([(response) => void response.end(content)]);
    const { exitCode, stderr, fetched } = await fetch(server.url);
    expect({ exitCode, asked: server.asked(), fetched }).toEqual({ exitCode: 1, asked: 1, fetched: undefined });
    expect(stderr).toContain(
      `coreos-live: ${server.url}: this is not the root filesystem of this initramfs; take both from the same version\n`,
    );
  });

  test.each([404, 403])('a server that says %d means it', async (status) => {
    const server = await serve([(response) => void response.writeHead(status).end()]);
    const { exitCode, stderr } = await fetch(server.url);
    expect({ exitCode, asked: server.asked() }).toEqual({ exitCode: 1, asked: 1 });
    expect(stderr).toContain(`coreos-live: ${server.url}: the server says ${status}\n`);
  });

  test.each([
    ['file:///etc/passwd', 'coreos.live.rootfs_url=file:///etc/passwd: only http, https and tftp are fetched'],
    ['http://127.0.0.1/', '/etc/coreos-live-want-rootfs: this is no list of sha256 digests'],
  ])('what cannot be fetched or verified is not asked for: %s', async (url, message) => {
    const { exitCode, stderr } = await fetch(url, 'stream-hash md5 1\n');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: `coreos-live: ${message}\n` });
  });
}
