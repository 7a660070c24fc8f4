import type { CompressionAlgorithm } from '../../src/lib/compress/algorithms.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { Annotations, Descriptor } from '../../src/oci/types.ts';
import type { LayerContent } from '../../src/ostree/encapsulate/types.ts';
import { encapsulate } from '../../src/ostree/encapsulate.ts';
import { commitLabels, type LabelVersion, policyOfRoot } from '../../src/ostree/labels.ts';
import { commitObject } from '../../src/ostree/objects.ts';
import { scanTree } from '../../src/ostree/tree.ts';
import { silentReporter } from '../../src/progress/reporter.ts';

export interface TestContainer {
  /** The OCI layout, made if missing. */
  layout: string;
  tag: string;
  /** The ostree root: `/usr/etc`, kernel below `/usr/lib/modules`. */
  root: string;
  labels?: Annotations;
  /** How many layers the files are spread over, besides layer 0. */
  layers?: number;
  architecture?: string;
  compression?: CompressionAlgorithm;
  /** Labels it by the policy of the tree, in this way. */
  labelVersion?: LabelVersion;
}

/** Seconds since the epoch: the commit's date. */
const timestamp = 1_700_000_000;

/** Makes an OS container of a tree and tags it, without the build flow. */
export async function makeTestContainer(container: TestContainer): Promise<Descriptor> {
  const { layout, tag, root, labels = {}, layers = 2, architecture = 'amd64', compression = 'gzip' } = container;
  const reporter = silentReporter();
  const policy = container.labelVersion === undefined ? undefined : await policyOfRoot(root);
  const fileLabels = policy === undefined ? undefined : commitLabels(policy, container.labelVersion ?? 0);
  const tree = await scanTree(root, reporter, fileLabels);
  const contents: LayerContent[] = Array.from({ length: layers }, (_, index) => ({
    components: [`part-${index}`],
    paths: [...tree.files.keys()].filter((_path, position) => position % layers === index),
  }));
  await using store = await openLayoutForWriting(layout);
  const { descriptor } = await encapsulate({
    root,
    tree,
    commit: commitObject(tree.root, { subject: 'test', body: '', timestamp, metadata: { version: '1.0' } }),
    timestamp,
    layers: contents,
    architecture,
    compression,
    labels: { 'org.opencontainers.image.version': '1.0', 'com.coreos.osname': 'test-os', ...labels },
    store,
    reuse: { find: async () => undefined, settle: async (_key, layer) => ({ layer, reused: false }) },
    reporter,
  });
  await store.setTags([tag], descriptor);
  return descriptor;
}
