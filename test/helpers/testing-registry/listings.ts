import type { Digest } from '../../../src/lib/digest.ts';
import { sortByBytes } from '../../../src/lib/order.ts';
import { mediaTypes } from '../../../src/oci/types.ts';
import { type Answer, bytesAnswer, errorAnswer, jsonAnswer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Behaviour, State } from './state.ts';

/** `/v2/NAME/tags/list`, in pages. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags */
export function answerTags(exchange: Exchange, state: State, behaviour: Behaviour, name: string): Answer {
  const repository = state.repositories.get(name);
  if (repository === undefined) return errorAnswer(404, 'NAME_UNKNOWN', `repository name not known: ${name}`);
  const query = exchange.url.searchParams;
  const last = query.get('last') ?? '';
  const size = Math.min(behaviour.pageSize, Number(query.get('n') ?? behaviour.pageSize));
  const tags = sortByBytes(repository.tags.keys()).filter((tag) => tag > last);
  const page = tags.slice(0, size);
  const next = new URLSearchParams({ last: page.at(-1) ?? '', n: String(size) });
  const isLast = size === 0 || page.length === tags.length;
  return jsonAnswer(200, { name, tags: page }, isLast ? {} : linkTo(`/v2/${name}/tags/list?${next.toString()}`));
}

/** `/v2/NAME/referrers/DIGEST`. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers */
export function answerReferrers(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  name: string,
  subject: Digest,
): Answer {
  if (!behaviour.referrersApi) return errorAnswer(404, 'NOT_FOUND', 'no such page');
  const query = exchange.url.searchParams;
  const wanted = behaviour.referrersFilter ? query.get('artifactType') : null;
  const manifests = [...(state.repositories.get(name)?.manifests ?? [])]
    .filter(([, manifest]) => manifest.subject === subject)
    .filter(([, { artifactType }]) => wanted === null || artifactType === wanted)
    .map(([digest, { mediaType, bytes, artifactType, annotations }]) => ({
      mediaType,
      digest,
      size: bytes.length,
      artifactType,
      annotations,
    }));
  const from = Number(query.get('from') ?? 0);
  const until = from + behaviour.pageSize;
  query.set('from', String(until));
  const content = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: manifests.slice(from, until) };
  return bytesAnswer(200, mediaTypes.index, Buffer.from(JSON.stringify(content)), {
    ...(wanted === null ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
    ...(until >= manifests.length ? {} : linkTo(`/v2/${name}/referrers/${subject}?${query.toString()}`)),
  });
}

function linkTo(address: string): Record<string, string> {
  return { Link: `<${address}>; rel="next"` };
}
