import { labelNames } from '../../../contract/labels.ts';
import { attachArtifact } from '../../../oci/artifact.ts';
import type { Image } from '../../../oci/image.ts';
import { labelOf } from '../../../oci/image.ts';
import type { LocalStore } from '../../../oci/store.ts';
import type { BillOfMaterials } from '../../../packages/sbom/bill-of-materials.ts';
import type { SbomFormat } from '../../../packages/sbom/formats.ts';
import { type Pipeline, runStep } from '../../../progress/step.ts';
import type { BuildInputs } from './inputs.ts';

/**
 * Stores beside a container which packages it is made of, in each format that is not there yet. The documents follow
 * from the container and the lock alone.
 */
export async function attachSboms(
  pipeline: Pipeline,
  store: LocalStore,
  image: Image,
  inputs: BuildInputs,
  formats: readonly SbomFormat[],
): Promise<void> {
  const missing: SbomFormat[] = [];
  for (const format of formats) {
    const present = await store.referrers(image.descriptor.digest, format.mediaType);
    if (present.length === 0) missing.push(format);
  }
  if (missing.length === 0) return;
  await runStep(pipeline, 'attach package list', async (reporter) => {
    const bill = billOfMaterials(image, inputs);
    for (const { name, mediaType, write } of missing) {
      await attachArtifact(store, image.descriptor, {
        artifactType: mediaType,
        title: `packages.${name}.json`,
        content: Buffer.from(await write(bill)),
        annotations: { [labelNames.created]: bill.created },
      });
    }
    reporter.note(missing.map(({ title }) => title).join(', '));
  });
}

function billOfMaterials(image: Image, { config, backend, request, lock, timestamp }: BuildInputs): BillOfMaterials {
  return {
    container: {
      name: config.name,
      version: labelOf(image, labelNames.version) ?? '',
      digest: image.descriptor.digest,
      architecture: image.config.architecture,
    },
    // The container's: these inputs may have been read later, from a commit that changed nothing.
    created: image.config.created ?? `${new Date(timestamp * 1000).toISOString().slice(0, 19)}Z`,
    packages: lock.packages.map((locked) => ({
      name: locked.name,
      version: locked.version,
      architecture: locked.architecture,
      source: locked.source,
      sha256: locked.sha256,
      packageUrl: backend.packageUrl(locked, lock, request.variables),
    })),
  };
}
