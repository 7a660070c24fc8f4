const longestText = 300;

/**
 * A server's text as it may stand in a message: on one line, no longer than a few, without control characters and
 * marks that turn the writing around.
 * @param hide takes secrets out, before the text is cut
 */
export function serverText(text: string, hide: (text: string) => string = (same) => same): string {
  const clean = hide(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean;
}
