/** What a signature is worth. */
export type SignatureVerdict =
  | { kind: 'good'; fingerprint: string }
  /** There is nothing that could be checked. */
  | { kind: 'none' }
  /** Made by a key that is not among those given: its number. */
  | { kind: 'unknown-key'; key: string }
  /** Not good; `reason` is a clause. */
  | { kind: 'bad'; reason: string };

/** Hash functions that prove nothing, by their numbers: https://www.rfc-editor.org/rfc/rfc9580#section-9.5 */
const weakHashes: Readonly<Record<string, string>> = { 1: 'MD5', 2: 'SHA-1', 3: 'RIPEMD-160' };

/** gpgv has no such key: https://github.com/gpg/libgpg-error/blob/master/src/err-codes.h.in */
const withoutKey = '9';

/**
 * Judges by gpgv's status lines, in the same way whatever the clock says: a signature counts if it was made before the
 * key that made it expired, also when that is long ago; one by a revoked key never does. Only one that was itself given an end is
 * bad from then on. Of several signatures none may be of other bytes, and one must be good.
 * @param revoked fingerprints: of a key that has expired, gpgv does not say that it was revoked as well
 * @see https://github.com/gpg/gnupg/blob/master/doc/DETAILS
 */
export function readVerdict(status: string, revoked: ReadonlySet<string>): SignatureVerdict {
  const verdicts = status.split(/^\[GNUPG:\] NEWSIG\b.*$/m).flatMap((part) => verdictOf(part, revoked) ?? []);
  return (
    verdicts.find((verdict) => verdict.kind === 'bad' && verdict.reason.startsWith(otherBytes)) ??
    verdicts.find(({ kind }) => kind === 'good') ??
    verdicts.find(({ kind }) => kind === 'bad') ??
    verdicts[0] ?? { kind: 'none' }
  );
}

const otherBytes = 'something else was signed by the key';

/** Of the lines of one signature; `undefined` if they are of none. */
function verdictOf(status: string, revoked: ReadonlySet<string>): SignatureVerdict | undefined {
  let made: { fingerprint: string; main: string; time: number; hash: string } | undefined;
  let isRead = false;
  let isRevoked = false;
  let hasExpired = false;
  let isGood = false;
  let keyHasExpired = false;
  let keyEnd = 0;
  for (const line of status.split('\n')) {
    const [, word = '', ...fields] = line.split(' ');
    const [key = ''] = fields;
    switch (word) {
      case 'BADSIG':
        return bad(`${otherBytes} ${key}`);
      case 'ERRSIG':
        return fields[5] === withoutKey
          ? { kind: 'unknown-key', key: key.toLowerCase() }
          : bad(`gpgv cannot check what the key ${key} signs`);
      case 'KEYEXPIRED':
        // Its sisters are told of as well: the last one before the signature is the key itself.
        if (!isRead) keyEnd = Number(key);
        break;
      case 'SIG_ID':
        isRead = true;
        break;
      case 'GOODSIG':
        isGood = true;
        break;
      case 'EXPKEYSIG':
        keyHasExpired = true;
        break;
      case 'REVKEYSIG':
        isRevoked = true;
        break;
      case 'EXPSIG':
        hasExpired = true;
        break;
      case 'VALIDSIG':
        made = { fingerprint: key, time: Number(fields[2]), hash: fields[7] ?? '', main: fields[9] ?? '' };
        break;
    }
  }
  if (!(isGood || keyHasExpired || isRevoked || hasExpired)) return undefined;
  if (made === undefined) return bad('gpgv does not say what it is worth');
  const weak = weakHashes[made.hash];
  if (isRevoked || revoked.has(made.fingerprint) || revoked.has(made.main))
    return bad(`the key ${made.fingerprint} is revoked`);
  if (weak !== undefined) return bad(`it is made of a hash by ${weak}, which proves nothing`);
  if (hasExpired) return bad(`what the key ${made.fingerprint} has signed was to expire, and has`);
  if (keyHasExpired && !(made.time < keyEnd)) return bad(`it was made after the key ${made.fingerprint} had expired`);
  return { kind: 'good', fingerprint: made.fingerprint };
}

function bad(reason: string): SignatureVerdict {
  return { kind: 'bad', reason };
}

/** Why a signature is not good, as a clause; `undefined` for one that is. */
export function reasonOf(verdict: SignatureVerdict): string | undefined {
  switch (verdict.kind) {
    case 'good':
      return undefined;
    case 'none':
      return 'it is no signature';
    case 'unknown-key':
      return `it is by the key ${verdict.key}, which is not among those that are trusted`;
    case 'bad':
      return verdict.reason;
  }
}
