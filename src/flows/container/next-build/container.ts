import { join } from 'node:path';
import { openCache } from '../../../cache/cache.ts';
import { directoryCache } from '../../../cache/directories.ts';
import { cacheKinds } from '../../../cache/kinds.ts';
import { labelNames } from '../../../contract/labels.ts';
import { layerContents } from '../../../layers/contents.ts';
import { architectureNamed } from '../../../lib/architecture.ts';
import { canonicalJson } from '../../../lib/canonical-json.ts';
import { sha256Hex } from '../../../lib/digest.ts';
import type { LocalStore } from '../../../oci/store.ts';
import { layerComponents } from '../../../ostree/encapsulate/image.ts';
import { layerReuse } from '../../../ostree/encapsulate/reuse.ts';
import type { EncapsulatedImage } from '../../../ostree/encapsulate/types.ts';
import { encapsulate } from '../../../ostree/encapsulate.ts';
import { commitLabels, policyOfRoot } from '../../../ostree/labels.ts';
import { commitObject } from '../../../ostree/objects.ts';
import { scanTree } from '../../../ostree/tree.ts';
import type { CommitOptions } from '../../../ostree/types.ts';
import { databasePlaces } from '../../../packages/database-places.ts';
import { type Pipeline, runStep } from '../../../progress/step.ts';
import { assembleRoot } from '../../../rootfs/assemble.ts';
import type { WorkDirectory } from '../../../workspace/work-directory.ts';
import { accountsOf } from './accounts.ts';
import { imageConfigText, rootfsRequest } from './assemble.ts';
import { attachChangelogs } from './changelogs.ts';
import { databaseComponent, rootComponents } from './components.ts';
import type { BuildInputs } from './inputs.ts';
import { containerLabels } from './labels.ts';
import type { BuildOptions } from './options.ts';
import type { PreviousContainer } from './previous.ts';
import { copyRoot, installedRoot } from './root.ts';

export interface ContainerRequest {
  work: WorkDirectory;
  inputs: BuildInputs;
  version: string;
  previous: PreviousContainer | undefined;
  store: LocalStore;
  /** An empty directory for the tree. */
  scratch: string;
  options: Pick<BuildOptions, 'maxLayers' | 'compression'>;
}

/** Packages → installed root → ostree root → commit → layers: the container, stored and not yet tagged. */
export async function makeContainer(pipeline: Pipeline, request: ContainerRequest): Promise<EncapsulatedImage> {
  const { work, inputs, version, previous, store, options } = request;
  await using roots = directoryCache(work.cache, cacheKinds.roots, pipeline);
  const installed = await installedRoot(pipeline, inputs, work.cache, roots);
  const root = join(request.scratch, 'root');
  await copyRoot(pipeline, installed.directory, root);
  const assembled = await runStep(pipeline, 'assemble root', (reporter) =>
    assembleRoot(
      root,
      rootfsRequest({ inputs, version, installed, previous: previous?.image, cacheDirectory: work.cache }),
      reporter,
    ),
  );
  const tree = await runStep(pipeline, 'compute commit', async (reporter) => {
    const { selinux, 'selinux-label-version': labelVersion } = inputs.config.treefile;
    const policy = selinux === false ? undefined : await policyOfRoot(root);
    const labels = policy === undefined ? undefined : commitLabels(policy, labelVersion ?? 0);
    const scanned = await scanTree(root, reporter, labels);
    const labelled = policy === undefined ? '' : `, labelled by the SELinux policy ${policy.name}`;
    reporter.note(`${scanned.files.size} files${labelled}`);
    return scanned;
  });
  const labels = {
    ...containerLabels({
      version,
      osName: inputs.config.name,
      summary: inputs.config.summary ?? inputs.config.name,
      stream: inputs.stream,
      timestamp: inputs.timestamp,
      kernelRelease: assembled.kernelRelease,
      inputHash: inputs.inputHash,
      imageConfigChecksum: sha256Hex(imageConfigText(inputs.config)),
      source: inputs.source,
    }),
    [labelNames.accounts]: await accountsOf(root),
  };
  const commit = commitObject(tree.root, commitOptions(inputs, version));
  const layers = layerContents({
    tree,
    components: [
      ...rootComponents(installed.packages, assembled),
      databaseComponent(tree.files.keys(), databasePlaces[inputs.backend.family]),
    ],
    previous: previous === undefined ? [] : layerComponents(previous.image.manifest),
    maxLayers: options.maxLayers,
  });
  return await runStep(pipeline, 'write layers', async (reporter) => {
    await using keptLayers = await openCache(work.cache, cacheKinds.layers);
    const image = await encapsulate({
      root,
      tree,
      commit,
      timestamp: inputs.timestamp,
      layers,
      architecture: architectureNamed(inputs.config.basearch).oci,
      command: inputs.config.treefile['container-cmd'],
      compression: options.compression,
      labels,
      store,
      reuse: layerReuse(store, keptLayers, previous),
      reporter,
    });
    await attachChangelogs(store, image, installed.changelogs);
    await keptLayers.trim();
    const reused = image.layers.filter((layer) => layer.reused).length;
    reporter.note(`${image.layers.length} layers, ${image.layers.length - reused} new`);
    return image;
  });
}

/** What `ostree admin status` and `rpm-ostree status` show; see ostree-core.h for the names. */
function commitOptions(inputs: BuildInputs, version: string): CommitOptions {
  const added = Object.entries(inputs.config.treefile['add-commit-metadata']).map(([name, value]) => [
    name,
    typeof value === 'boolean' || typeof value === 'string' ? value : canonicalJson(value),
  ]);
  return {
    subject: `${inputs.config.name} ${version}`,
    body: '',
    timestamp: inputs.timestamp,
    metadata: {
      version,
      [labelNames.bootable]: true,
      [labelNames.stream]: inputs.stream,
      ...(Object.fromEntries(added) as Record<string, string | boolean>),
    },
  };
}
