import { CosaError } from '../../lib/errors.ts';
import type { Mirrors } from '../mirrors.ts';
import { type Metalink, parseMetalink, parseMirrorlist } from './metalink.ts';
import { InvalidIndexError } from './repomd.ts';
import type { RpmRepository } from './repositories.ts';

/** Bytes; the largest lists of mirrors have a tenth. */
const mostListBytes = 1024 * 1024;

/**
 * Where a repository is to be had: its own addresses, then those that its metalink or list of mirrors names.
 * @throws CosaError `REPOSITORY_UNREACHABLE` if there is none, `REPOSITORY_INDEX` (exit 4) for a list that is none
 */
export async function placesOf(repository: RpmRepository, mirrors: Mirrors, signal: AbortSignal): Promise<Metalink> {
  const { file, baseUrls, metalink, mirrorlist } = repository;
  const found = [...baseUrls];
  let digests: Metalink['digests'] = [];
  let failure: unknown;
  try {
    if (metalink !== undefined) {
      const linked = parseMetalink(await readList(metalink, mirrors, signal));
      found.push(...linked.mirrors);
      digests = linked.digests;
    }
    if (mirrorlist !== undefined) found.push(...parseMirrorlist(await readList(mirrorlist, mirrors, signal)));
  } catch (error) {
    signal.throwIfAborted();
    failure = error;
  }
  if (failure instanceof InvalidIndexError) {
    throw new CosaError(
      'REPOSITORY_INDEX',
      `the metalink of the repository "${file.name}" cannot be read: ${failure.message}`,
      {
        cause: failure,
      },
    );
  }
  if (found.length > 0) return { mirrors: [...new Set(found)], digests };
  const reason = failure instanceof Error ? failure.message : 'its list of mirrors names none';
  throw new CosaError('REPOSITORY_UNREACHABLE', `the repository "${file.name}" cannot be reached: ${reason}`, {
    hint: 'check the address and the network; skip_if_unavailable=1 in its section lets builds go on without it',
    cause: failure,
  });
}

async function readList(address: string, mirrors: Mirrors, signal: AbortSignal): Promise<string> {
  const { bytes } = await mirrors.read(new URL(address), mostListBytes, signal);
  return bytes.toString('utf8');
}
