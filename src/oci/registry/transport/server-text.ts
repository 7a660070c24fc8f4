const longestText = 300;

/**
 * A server's text as it may stand in a message: on one line, no longer than a few, without control characters and
 * marks that turn the writing around, and without secrets that the server sends back.
 */
export function serverText(text: string, secrets: readonly string[] = []): string {
  const clean = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean;
}
