/** The tag that a stream's new builds get, before tests have passed. */
export function candidateTag(stream: string): string {
  return `${stream}${candidateSuffix}`;
}

/** What candidates' tags end with. */
export const candidateSuffix = '-candidate';
