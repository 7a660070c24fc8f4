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
