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

const timestamp = 1_700_000_000;

/** Everything below one directory of /usr/lib, /usr/share and so on counts as one package. */
function componentsOf(tree: Tree): Component[] {
  const groups = new Map<string, string[]>();
  for (const path of tree.files.keys()) {
    const name = path.split('/').slice(1, 4).join('/');
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [path]);
    else group.push(path);
  }
  return [...groups].map(([name, paths], index) => ({
    name,
    packages: [],
    changed: timestamp - ((index * 37) % 500) * 24 * 3600,
    paths,
  }));
}

/**
 * A finished ostree root becomes a container, as `cosa ostree build` does it.
 * @param output a directory for the layout and for what is known of layers
 */
export async function encapsulateRoot(
  root: string,
  output: string,
  previous?: EncapsulatedImage,
): Promise<EncapsulatedImage> {
  const reporter = silentReporter();
  const tree = await scanTree(root, reporter);
  const metadata = { version: '1.0' };
  await using store = await openLayoutForWriting(join(output, 'oci'));
  await using layers = await openCache(output, cacheKinds.layers);
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
