import { usageError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import { type Artifact, type ImagePart, imageParts } from './artifact.ts';
import { matchingFormats, mediaOf } from './media-name.ts';
import type { Stream } from './stream.ts';

export interface ArtifactChoice {
  /** As we or the metadata call it: `metal4k` is `metal` with its format `4k.raw.xz`. All unless given. */
  platform?: string | undefined;
  architecture?: string | undefined;
  /** With or without its compressor. */
  format?: string | undefined;
}

/** A file of a stream. */
export interface StreamArtifact extends Artifact {
  architecture: string;
  platform: string;
  /** The version that it is of. */
  release: string;
  format: string;
  part: ImagePart;
}

/**
 * The files of a stream that fit a choice, in the order of architectures, platforms, formats and parts.
 * @throws CosaError `ARTIFACT_UNKNOWN` (exit 2), with what there is
 */
export function chooseArtifacts(stream: Stream, choice: ArtifactChoice): [StreamArtifact, ...StreamArtifact[]] {
  const names = Object.keys(stream.architectures);
  const architectures = choice.architecture === undefined ? sortByBytes(names) : [choice.architecture];
  const [first, ...others] = architectures.flatMap((architecture) => artifactsOf(stream, architecture, choice));
  if (first !== undefined) return [first, ...others];
  throw unknown(stream, choice);
}

function artifactsOf(stream: Stream, architecture: string, { platform, format }: ArtifactChoice): StreamArtifact[] {
  const all = ownValue(stream.architectures, architecture)?.artifacts ?? {};
  const media = platform === undefined ? undefined : mediaOf(platform);
  const platforms = media === undefined ? sortByBytes(Object.keys(all)) : [media.platform];
  return platforms.flatMap((name) => {
    const { release = '', formats = {} } = ownValue(all, name) ?? {};
    // Who names a format means that one, whichever of its platform's images it is.
    const chosen =
      format === undefined
        ? sortByBytes(Object.keys(formats)).filter((candidate) => media?.has(candidate) ?? true)
        : matchingFormats(formats, format);
    return chosen.flatMap((candidate) =>
      imageParts.flatMap((part) => {
        const artifact = formats[candidate]?.[part];
        return artifact === undefined
          ? []
          : [{ ...artifact, architecture, platform: name, release, format: candidate, part }];
      }),
    );
  });
}

/** Names come from the command line: `constructor` is no platform. */
function ownValue<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function unknown(stream: Stream, { platform, architecture, format }: ArtifactChoice) {
  const what = [platform ?? 'image', ...(format === undefined ? [] : [format])].join(' ');
  const where = architecture === undefined ? '' : ` for ${architecture}`;
  const architectures = Object.entries(stream.architectures)
    .filter(([name]) => architecture === undefined || name === architecture)
    .map(([name, { artifacts }]) => `${name}: ${sortByBytes(Object.keys(artifacts)).join(', ')}`);
  return usageError('ARTIFACT_UNKNOWN', `the stream ${stream.stream} has no ${what}${where}`, {
    hint:
      architectures.length > 0
        ? `it has for ${architectures.join('; ')}`
        : `its architectures: ${sortByBytes(Object.keys(stream.architectures)).join(', ')}`,
  });
}
