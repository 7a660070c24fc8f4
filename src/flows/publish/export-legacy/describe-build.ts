import { labelNames } from '../../../contract/labels.ts';
import { architectureOfOci } from '../../../lib/architecture.ts';
import { verificationError } from '../../../lib/errors.ts';
import { createdAt, type Image } from '../../../oci/image.ts';
import { isKeyPart } from '../../../publish/keys.ts';
import type { LegacyBuild } from '../../../publish/legacy/meta.ts';

/** upstream's name for what does not say its own. */
const defaultName = 'custom';

/** What a container says of itself, as records of builds have it: all of it but where it lies, and what lies beside it. */
export type DescribedBuild = Omit<LegacyBuild, 'registry' | 'images'>;

/**
 * Reads what a record needs out of a container's labels.
 * @param name how errors name the container
 * @throws CosaError `ANNOTATION_MISSING`, `ANNOTATION_INVALID` (exit 4), naming the label
 */
export function describeBuild({ descriptor, config }: Image, name: string): DescribedBuild {
  const labels = config.config?.Labels ?? {};
  const id = required(labels, labelNames.version, name);
  const osName = labels[labelNames.osName] ?? defaultName;
  const commit = required(labels, labelNames.commit, name);
  for (const [label, value, isFine] of [
    [labelNames.version, id, isKeyPart(id)],
    [labelNames.osName, osName, isKeyPart(osName)],
    [labelNames.commit, commit, /^[0-9a-f]{64}$/.test(commit)],
  ] as const) {
    if (isFine) continue;
    throw verificationError(
      'ANNOTATION_INVALID',
      `${name} has the label ${label}=${JSON.stringify(value)}, which cannot stand in a record of a build`,
    );
  }
  const description = labels[labelNames.description];
  return {
    name: osName,
    id,
    architecture: architectureOfOci(config.architecture)?.name ?? config.architecture,
    commit,
    timestamp: new Date(createdAt({ config }) * 1000).toISOString().replace('.000Z', 'Z'),
    labels,
    config: configOf(labels),
    description,
    digest: descriptor.digest,
  };
}

function required(labels: Readonly<Record<string, string>>, label: string, name: string): string {
  const value = labels[label];
  if (value !== undefined && value !== '') return value;
  throw verificationError('ANNOTATION_MISSING', `${name} has no label ${label}, which a record of a build needs`, {
    hint: 'only containers of operating systems that say their version and commit can be exported so',
  });
}

/** The git of the config: its commit ends with `-dirty` where the tree was. */
function configOf(labels: Readonly<Record<string, string>>): LegacyBuild['config'] {
  const { [labelNames.source]: origin, [labelNames.revision]: revision } = labels;
  const [, commit, dirty] = /^(.{5,}?)(-dirty)?$/.exec(revision ?? '') ?? [];
  return origin && commit ? { origin, commit, dirty: dirty !== undefined } : undefined;
}
