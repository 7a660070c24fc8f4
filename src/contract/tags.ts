/** The tag that a stream's new builds get, before tests have passed. */
export function candidateTag(stream: string): string {
  return `${stream}${candidateSuffix}`;
}

/** What candidates' tags end with. */
export const candidateSuffix = '-candidate';

/** The tag that names the disk images of a version, beside that of its container. */
export function disksTag(version: string): string {
  return `${version}${disksSuffix}`;
}

const disksSuffix = '-disks';

/** True for what can name a stream: it becomes a container's tag, also with `-candidate` behind it. */
export function isStreamName(text: string): boolean {
  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,117}$/.test(text);
}
