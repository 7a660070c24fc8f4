// A container goes to a registry and comes from it: against `skopeo copy`, both with a registry of their own on this
// machine (Debian's docker-registry) and with everything in the page cache.
// Usage: tsx bench/registry.ts [REFERENCE]; REFERENCE is in an OCI layout; without, of a synthetic operating system.
// With the program built: whole processes are measured.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canonicalJson, type Json } from '../src/lib/canonical-json.ts';
import { storeBytes } from '../src/oci/artifact.ts';
import { copyContent } from '../src/oci/copy.ts';
import { readImage } from '../src/oci/image.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import { openReference } from '../src/oci/open.ts';
import { mediaTypes } from '../src/oci/types.ts';
import { silentReporter } from '../src/progress/reporter.ts';
import { startDockerRegistry } from '../test/helpers/docker-registry.ts';
import { silentSession } from '../test/helpers/session.ts';
import { report, reportPeakMemory } from './measure.ts';
import { makeSyntheticContainer } from './synthetic-container.ts';

const rounds = 3;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const work = join(directory, 'work');
const layout = join(work, 'oci');
/** What makes a directory a work directory. */
const settings = JSON.stringify({ config: { source: '/config' } });
const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));

/** The container, as `first`; and as `next` a build of which three layers have changed: a large, a middle and a small one. */
async function prepare(reference: string): Promise<void> {
  mkdirSync(work);
  writeFileSync(join(work, 'cosa.json'), settings);
  const from = await openReference(reference, directory, silentSession().registries);
  await using store = await openLayoutForWriting(layout);
  const to = { place: { transport: 'oci', directory: layout }, reader: store } as const;
  await copyContent({ from, to, tags: ['first'], along: 'nothing' }, store, silentReporter());
  const { manifest } = await readImage(store, from.descriptor);
  const bySize = [...manifest.layers].sort((a, b) => b.size - a.size);
  const changed = new Set([0.05, 0.5, 0.95].map((part) => bySize[Math.floor(part * bySize.length)]?.digest));
  const layers = [];
  for (const layer of manifest.layers) {
    if (!changed.has(layer.digest)) layers.push(layer);
    else layers.push(await storeBytes(store, await scrambled(store.readBlob(layer)), layer.mediaType));
  }
  const text = canonicalJson({ ...manifest, layers } as unknown as Json);
  await store.setTags(['next'], await store.putManifest(text, mediaTypes.manifest));
}

/** As many bytes, which compress as well: transfers do not look into them. */
async function scrambled(blob: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob) chunks.push(chunk);
  return Buffer.concat(chunks).reverse();
}

interface Side {
  push(host: string, tag: string): Promise<void>;
  /** @param to an empty directory */
  pull(host: string, to: string): Promise<void>;
}

const cosa: Side = {
  push: (host, tag) => run(program, ['push', `docker://${host}/os:testing`, '--from', tag, '--quiet'], work),
  async pull(host, to) {
    writeFileSync(join(to, 'cosa.json'), settings);
    await run(program, ['pull', `docker://${host}/os:testing`, '--quiet'], to);
  },
};

const skopeo: Side = {
  push: (host, tag) =>
    run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout}:${tag}`, `docker://${host}/os:testing`]),
  pull: (host, to) =>
    run('skopeo', ['copy', '--src-tls-verify=false', `docker://${host}/os:testing`, `oci:${to}/oci:testing`]),
};

/** Not a synchronous call: the registry's log has to be read meanwhile. */
async function run(command: string, args: readonly string[], cwd?: string): Promise<void> {
  await promisify(execFile)(command, args, { cwd });
}

const steps = ['first push', 'first pull', 'push of a build with three new layers', 'push with nothing to do'] as const;
type Times = Record<(typeof steps)[number], number>;

/** All steps once, against an empty registry. */
async function measure(side: Side): Promise<Times> {
  await using registry = await startDockerRegistry();
  const target = join(directory, 'target');
  const { host } = registry;
  mkdirSync(target);
  const times = {
    'first push': await seconds(() => side.push(host, 'first')),
    'first pull': await seconds(() => side.pull(host, target)),
    'push of a build with three new layers': await seconds(() => side.push(host, 'next')),
    'push with nothing to do': await seconds(() => side.push(host, 'next')),
  };
  rmSync(target, { recursive: true });
  return times;
}

async function seconds(action: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await action();
  return (performance.now() - begin) / 1000;
}

function fastest(all: readonly Times[], step: keyof Times): number {
  return Math.min(...all.map((times) => times[step]));
}

/** The most memory that a push and a pull took, in MiB: the program is run once more and tells at its end. */
async function peakOf(): Promise<number> {
  await using registry = await startDockerRegistry();
  const file = join(directory, 'peak');
  const hook = `import { appendFileSync } from 'node:fs';
    process.on('exit', () => appendFileSync(${JSON.stringify(file)}, process.resourceUsage().maxRSS + '\\n'));`;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, program];
  const target = join(directory, 'target');
  mkdirSync(target);
  writeFileSync(join(target, 'cosa.json'), settings);
  const place = `docker://${registry.host}/os:testing`;
  await run(process.execPath, [...node, 'push', place, '--from', 'first', '--quiet'], work);
  await run(process.execPath, [...node, 'pull', place, '--quiet'], target);
  return Math.max(...readFileSync(file, 'utf8').trim().split('\n').map(Number)) / 1024;
}

try {
  await prepare(process.argv[2] ?? (await makeSyntheticContainer(directory)));
  const ours: Times[] = [];
  const theirs: Times[] = [];
  for (let round = 0; round < rounds; round++) {
    // In turns: what else the machine does befalls both.
    theirs.push(await measure(skopeo));
    ours.push(await measure(cosa));
  }
  for (const step of steps) {
    const peer = fastest(theirs, step);
    report(`skopeo: ${step}`, peer);
    const isIdle = step === 'push with nothing to do';
    const goal = step === 'push of a build with three new layers' ? 0.5 : 1;
    const what = isIdle ? `cosa: ${step}, against half a second` : `cosa: ${step}`;
    report(what, fastest(ours, step), { seconds: isIdle ? 0.5 : peer, goal });
  }
  reportPeakMemory(300, await peakOf());
} finally {
  rmSync(directory, { recursive: true, force: true });
}
