import { isDigest } from '../../../src/lib/digest.ts';
import { type Answer, emptyAnswer, errorAnswer } from './answer.ts';
import type { Need } from './authentication.ts';
import { answerBlob } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { answerReferrers, answerTags } from './listings.ts';
import { answerManifest } from './manifests.ts';
import type { Behaviour, State } from './state.ts';
import { beginUpload, continueUpload } from './uploads.ts';

const name = '([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)';
const patterns = {
  base: /^\/v2\/$/,
  beginUpload: new RegExp(`^/v2/${name}/blobs/uploads/$`),
  upload: new RegExp(`^/v2/${name}/blobs/uploads/([^/]+)$`),
  blob: new RegExp(`^/v2/${name}/blobs/([^/]+)$`),
  manifest: new RegExp(`^/v2/${name}/manifests/([^/]+)$`),
  tags: new RegExp(`^/v2/${name}/tags/list$`),
  referrers: new RegExp(`^/v2/${name}/referrers/([^/]+)$`),
};

/** The end point that a path belongs to, its repository, and what stands behind. */
interface Route {
  kind: keyof typeof patterns;
  repository: string;
  rest: string;
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints */
export function findRoute(path: string): Route | undefined {
  for (const [kind, pattern] of Object.entries(patterns) as [Route['kind'], RegExp][]) {
    const match = pattern.exec(path);
    if (match !== null) return { kind, repository: match[1] ?? '', rest: match[2] ?? '' };
  }
  return undefined;
}

/** What a request must be allowed to do. */
export function needsOfRoute(exchange: Exchange, route: Route): Need[] {
  if (route.kind === 'base') return [];
  const needs: Need[] = [{ repository: route.repository, access: accessOf(exchange.method) }];
  const from = exchange.url.searchParams.get('from');
  if (route.kind === 'beginUpload' && from !== null) needs.push({ repository: from, access: 'pull' });
  return needs;
}

function accessOf(method: string): Need['access'] {
  if (method === 'DELETE') return 'delete';
  return method === 'GET' || method === 'HEAD' ? 'pull' : 'push';
}

export async function answerRoute(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  { kind, repository, rest }: Route,
): Promise<Answer> {
  if (kind === 'base') return emptyAnswer(200);
  if (kind === 'beginUpload') return beginUpload(exchange, state, behaviour, repository);
  if (kind === 'upload') return continueUpload(exchange, state, behaviour, repository, rest);
  if (kind === 'manifest') return answerManifest(exchange, state, behaviour, repository, rest);
  if (kind === 'tags') return answerTags(exchange, state, behaviour, repository);
  if (!isDigest(rest)) return errorAnswer(400, 'DIGEST_INVALID', `"${rest}" is not a digest`);
  if (kind === 'blob') return answerBlob(exchange, state, behaviour, repository, rest);
  return answerReferrers(exchange, state, behaviour, repository, rest);
}
