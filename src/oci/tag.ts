// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** True if registries accept the text as a tag. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/**
 * True for a tag that is not an image's name but part of how signatures and referrers are kept: `sha256-HEX`, and what
 * begins so.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema
 */
export function isMachineryTag(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}/.test(tag);
}

/** Those of the tags that a pattern stands for, in their order; never what belongs to signatures and referrers. */
export function matchingTags(pattern: string, tags: readonly string[]): string[] {
  const source = pattern.replace(/[.*?]/g, (character) => ({ '*': '.*', '?': '.' })[character] ?? `\\${character}`);
  const expression = new RegExp(`^${source}$`);
  return tags.filter((tag) => expression.test(tag) && !isMachineryTag(tag));
}
