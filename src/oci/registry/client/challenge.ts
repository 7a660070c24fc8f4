/** What a server demands: one challenge of `WWW-Authenticate`. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string;
  /** Names in lower case. Of a name that is there twice the first counts. */
  parameters: ReadonlyMap<string, string>;
}

// https://www.rfc-editor.org/rfc/rfc9110#section-11.2
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const quoted = /"((?:[^"\\]|\\[\s\S])*)"/y;
const spaces = /[ \t]*/y;
const separators = /[ \t,]*/y;
const equals = /[ \t]*=[ \t]*/y;

/**
 * Parses the header `WWW-Authenticate`: any number of challenges, with quoted strings. What stands behind the first
 * mistake is left out, so that a challenge before it still counts.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  const takeValue = (): string | undefined => {
    const text = take(quoted)?.[1];
    return text === undefined ? take(token)?.[0] : text.replace(/\\([\s\S])/g, '$1');
  };

  for (;;) {
    take(separators);
    const scheme = take(token)?.[0];
    if (scheme === undefined) return challenges;
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    take(spaces);
    if (take(token68) !== null) continue;
    for (;;) {
      // A name that no "=" follows is the next challenge's scheme.
      const before = position;
      take(separators);
      const name = take(token)?.[0];
      if (name === undefined || take(equals) === null) {
        position = before;
        break;
      }
      const value = takeValue();
      if (value === undefined) return challenges;
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
    }
  }
}
