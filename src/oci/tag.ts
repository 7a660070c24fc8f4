// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** True if registries accept the text as a tag. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}
