import { labelNames } from '../../../contract/labels.ts';

export interface LabelInputs {
  version: string;
  osName: string;
  summary: string;
  stream: string;
  /** Seconds since the epoch. */
  timestamp: number;
  kernelRelease: string;
  inputHash: string;
  /** Hex sha256 of the embedded image.json. */
  imageConfigChecksum: string;
  /** Where the config came from, if it is in git. */
  source: { url: string | undefined; revision: string; dirty: boolean } | undefined;
}

/** What the container says of itself; see {@link labelNames}. `ostree.commit` and `ostree.final-diffid` come with the layers. */
export function containerLabels(inputs: LabelInputs): Record<string, string> {
  const labels: Record<string, string> = {
    [labelNames.version]: inputs.version,
    [labelNames.title]: inputs.osName,
    [labelNames.description]: inputs.summary,
    [labelNames.created]: new Date(inputs.timestamp * 1000).toISOString().replace('.000Z', 'Z'),
    [labelNames.bootable]: 'true',
    [labelNames.linux]: inputs.kernelRelease,
    [labelNames.bootc]: '1',
    [labelNames.osName]: inputs.osName,
    [labelNames.stream]: inputs.stream,
    [labelNames.inputHash]: inputs.inputHash,
    [labelNames.imageConfigChecksum]: inputs.imageConfigChecksum,
  };
  if (inputs.source !== undefined) {
    if (inputs.source.url !== undefined) labels[labelNames.source] = inputs.source.url;
  }
  const revision = revisionLabel(inputs.source);
  if (revision !== undefined) labels[labelNames.revision] = revision;
  return labels;
}

/** The config's commit, and whether it was changed since; `undefined` if it is not in git. */
export function revisionLabel(source: LabelInputs['source']): string | undefined {
  return source && `${source.revision}${source.dirty ? '-dirty' : ''}`;
}
