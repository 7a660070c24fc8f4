import { labelNames } from '../contract/labels.ts';
import { isStreamName } from '../contract/tags.ts';
import { verificationError } from '../lib/errors.ts';
import type { Image } from '../oci/image.ts';
import { parseReference } from '../oci/reference.ts';
import type { WorkDirectory } from './work-directory.ts';

/** The container that `cosa init --ostree` recorded, by its digest; `undefined` if there is none. */
export function upstreamReference({ root, settings: { upstream } }: WorkDirectory): string | undefined {
  return upstream && parseReference(upstream.reference).placeIn(root).format({ digest: upstream.digest });
}

/**
 * The stream that a container belongs to: its label says so; without one, the tag by which it was named, with or
 * without `-candidate`, unless that is its version.
 * @returns `undefined` if nothing tells
 * @throws CosaError `ANNOTATION_INVALID` (exit 4) if the label cannot be a stream's name
 */
export function streamOfContainer(image: Image, reference: string): string | undefined {
  const labels = image.config.config?.Labels ?? {};
  const labelled = labels[labelNames.stream];
  if (labelled !== undefined && !isStreamName(labelled)) {
    const message = `${reference} names "${labelled}" as its stream, which cannot be a tag`;
    throw verificationError('ANNOTATION_INVALID', message, { hint: 'choose one yourself: --stream STREAM' });
  }
  if (labelled !== undefined) return labelled;
  const { name, tag } = parseReference(reference);
  if (name !== undefined || tag === labels[labelNames.version]) return undefined;
  return tag?.replace(/-candidate$/, '');
}
