// A finished ostree root becomes a container: against `tar | zstd | sha256sum` of the same tree.
// Usage: tsx bench/encapsulate.ts [ROOT]; without ROOT, of a synthetic tree.

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCache } from '../src/cache/cache.ts';
import { cacheKinds } from '../src/cache/kinds.ts';
import { layerContents } from '../src/layers/contents.ts';
import type { Component } from '../src/lib/component.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import { layerComponents } from '../src/ostree/encapsulate/image.ts';
import { layerReuse } from '../src/ostree/encapsulate/reuse.ts';
import type { EncapsulatedImage } from '../src/ostree/encapsulate/types.ts';
import { encapsulate } from '../src/ostree/encapsulate.ts';
import { commitObject } from '../src/ostree/objects.ts';
import { scanTree, type Tree } from '../src/ostree/tree.ts';
import { silentReporter } from '../src/progress/reporter.ts';
import { fastest, peakMemory, report, reportPeakMemory } from './measure.ts';
import { makeSyntheticTree } from './synthetic-tree.ts';

const rounds = 4;
const timestamp = 1_700_000_000;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const root = join(directory, 'root');

/** Everything below one directory of /usr/lib, /usr/share and so on counts as one package. */
function componentsOf(tree: Tree): Component[] {
  const groups = new Map<string, string[]>();
  for (const path of tree.files.keys()) {
    const name = path.split('/').slice(1, 4).join('/');
    groups.set(name, [...(groups.get(name) ?? []), path]);
  }
  return [...groups].map(([name, paths], index) => ({
    name,
    packages: [],
    changed: timestamp - ((index * 37) % 500) * 24 * 3600,
    paths,
  }));
}

async function build(previous?: EncapsulatedImage): Promise<EncapsulatedImage> {
  const reporter = silentReporter();
  const tree = await scanTree(root, reporter);
  const metadata = { version: '1.0' };
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  await using layers = await openCache(directory, cacheKinds.layers);
  return await encapsulate({
    root,
    tree,
    commit: commitObject(tree.root, { subject: 'bench', body: '', timestamp, metadata }),
    timestamp,
    layers: layerContents({
      tree,
      components: componentsOf(tree),
      previous: previous === undefined ? [] : layerComponents(previous.manifest),
      maxLayers: 64,
    }),
    architecture: 'amd64',
    compression: 'zstd',
    labels: {},
    store,
    reuse: layerReuse(store, layers, previous && { image: previous, reader: store }),
    reporter,
  });
}

try {
  const given = process.argv[2];
  mkdirSync(root);
  if (given === undefined) makeSyntheticTree(root);
  else execFileSync('cp', ['--archive', `${given}/.`, root]);

  const floorCommand = 'tar -c -C "$1" . | zstd -3 -T2 | sha256sum';
  const floor = () => execFileSync('sh', ['-c', floorCommand, 'sh', root]);
  floor();
  let image: EncapsulatedImage | undefined;
  let peak = 0;
  const times = { floor: Number.POSITIVE_INFINITY, build: Number.POSITIVE_INFINITY };
  // In turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round++) {
    times.floor = Math.min(times.floor, await fastest(1, floor));
    for (const name of ['oci', 'layers']) rmSync(join(directory, name), { recursive: true, force: true });
    times.build = Math.min(
      times.build,
      await fastest(1, async () => {
        image = await build();
      }),
    );
    // Of one build: what a process keeps from one round to the next is nobody's concern.
    if (round === 0) peak = peakMemory();
  }
  report('tar c | zstd -3 -T2 | sha256sum', times.floor);
  report('root -> container', times.build, { seconds: times.floor, goal: 2.5 });

  const previous = image;
  const tree = await scanTree(root, silentReporter());
  const [changedPath] = [...tree.files].find(([, { size }]) => size > 20_000 && size < 60_000) ?? [];
  const changedSeconds = await fastest(rounds, async () => {
    if (changedPath !== undefined) appendFileSync(join(root, changedPath), 'x');
    image = await build(previous);
  });
  report('one package changed', changedSeconds, { seconds: times.build, goal: 0.4 });
  console.log(
    `           ${image?.layers.filter(({ reused }) => reused).length} of ${image?.layers.length} layers reused`,
  );

  const sameSeconds = await fastest(rounds, () => build(previous));
  report('nothing changed', sameSeconds, { seconds: times.build, goal: 0.4 });
  reportPeakMemory(300, peak);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
