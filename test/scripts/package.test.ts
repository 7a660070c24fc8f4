import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { decompressedBytes } from '../../src/lib/compress/zstd-frames.ts';
import { sha256Hex } from '../../src/lib/digest.ts';

const checkout = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

let directory: string;
/** Where the package lies once it is installed, with its dependencies and nothing else. */
let installed: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-package-'));
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], { cwd: checkout });
  const [archive = ''] = await readdir(directory);
  await run('tar', ['--extract', '--file', archive], { cwd: directory });
  installed = join(directory, 'package');
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(directory, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(checkout, 'node_modules', name), link);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const cosa = (...args: string[]) => run(join(installed, 'bin/cosa'), args, { cwd: directory, timeout: 60_000 });

test('what npm packs runs elsewhere', async () => {
  expect((await cosa('--version')).stdout).toBe(`cosa ${manifest.version}\n`);
  expect((await cosa('ostree', 'build', '--help')).stdout).toContain('Usage: cosa ostree build');
  const { tools } = JSON.parse((await cosa('doctor', '--json')).stdout) as { tools: unknown[] };
  expect(tools.length).toBeGreaterThan(0);
});

test('every command of it can be loaded', async () => {
  const { stdout } = await cosa('man', 'pages', '--json');
  const { pages } = JSON.parse(stdout) as { pages: string[] };
  expect(pages.map((page) => `./man/${page}`)).toEqual(manifest.man);
});

test.each(['oci', 'docker'])(
  'a reference of the transport %s that leads nowhere is refused with a reason',
  async (transport) => {
    const reference = `${transport}:${transport === 'docker' ? '//127.0.0.1:1/os' : 'missing'}:stable`;
    const { stdout } = await cosa('inspect', reference, '--json').catch((error: { stdout: string }) => error);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: expect.stringMatching(/^(?:LAYOUT|REGISTRY|REFERENCE)_/) },
    });
  },
);

test('its threads start, and find the compressors', async () => {
  const buffer = new TextEncoder().encode('hello').buffer;
  const [{ answer: piece }] = await ask('content-thread', [{ kind: 'compress', compression: 'zstd', buffer, size: 5 }]);
  const request = { begins: true, chunk: piece.compressed, target: new ArrayBuffer(decompressedBytes) };
  const [{ answer }] = await ask('decompress-thread', [request]);
  expect(Buffer.from(answer.target, 0, answer.length).toString()).toBe('hello');
  const stream = 'a stream';
  const bytes = new Uint8Array(new SharedArrayBuffer(0));
  const [, sum] = await ask('image-thread', [
    { kind: 'hash', stream, bytes },
    { kind: 'hash-end', stream },
  ]);
  expect(sum.answer.sha256).toBe(sha256Hex(''));
});

/** What a thread of the package answers, one request after the other. */
async function ask(name: string, requests: readonly unknown[]) {
  const thread = new Worker(join(installed, `dist/${name}.js`), { execArgv: [] });
  const answers = [];
  try {
    for (const request of requests) {
      thread.postMessage(request);
      const [answer] = await once(thread, 'message');
      answers.push(answer);
    }
  } finally {
    await thread.terminate();
  }
  return answers;
}

test('the licences of all that is in it travel with it', async () => {
  const notices = await readFile(join(installed, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of ['zod', 'commander', 'execa', 'yaml', 'rolldown']) {
    expect(notices).toMatch(new RegExp(`^=== ${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)$`, 'm'));
  }
  expect(notices.match(/^=== .*undefined/gm)).toBeNull();
});
