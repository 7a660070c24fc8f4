import { randomUUID } from 'node:crypto';
import { type Digest, isDigest } from '../../../src/lib/digest.ts';
import { type Answer, emptyAnswer, errorAnswer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { type Behaviour, repositoryOf, type State } from './state.ts';
import type { StoredUpload } from './storage.ts';

/** `/v2/NAME/blobs/uploads/`: a mount, a whole blob, or the beginning of an upload. */
export async function beginUpload(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  name: string,
): Promise<Answer> {
  if (exchange.method !== 'POST') return errorAnswer(405, 'UNSUPPORTED', 'the operation is unsupported');
  const query = exchange.url.searchParams;
  const mount = query.get('mount');
  const from = state.repositories.get(query.get('from') ?? '');
  if (behaviour.mount && mount !== null && isDigest(mount) && from?.blobs.has(mount)) {
    repositoryOf(state, name).blobs.add(mount);
    return created(exchange, behaviour, name, mount);
  }
  const id = randomUUID();
  const stored = await state.storage.begin();
  state.uploads.set(id, { repository: name, stored });
  const digest = query.get('digest');
  if (digest !== null) return finish(exchange, state, behaviour, { name, id, stored }, digest);
  return progress(202, exchange, behaviour, { name, id, stored });
}

/** `/v2/NAME/blobs/uploads/ID`: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-a-blob-in-chunks */
export async function continueUpload(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  name: string,
  id: string,
): Promise<Answer> {
  const upload = state.uploads.get(id);
  // Registries keep things in the address that they gave: a client must not throw its query away.
  if (upload?.repository !== name || exchange.url.searchParams.get('_state') === null) {
    return errorAnswer(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  }
  const { stored } = upload;
  const session = { name, id, stored };
  if (exchange.method === 'GET') return progress(204, exchange, behaviour, session);
  if (exchange.method === 'DELETE') {
    state.uploads.delete(id);
    await stored.abort();
    return emptyAnswer(204);
  }
  if (exchange.method !== 'PATCH' && exchange.method !== 'PUT') {
    return errorAnswer(405, 'UNSUPPORTED', 'the operation is unsupported');
  }
  const range = exchange.header('content-range');
  if (range !== undefined && Number(/^(\d+)-\d+$/.exec(range)?.[1]) !== stored.size()) {
    return progress(416, exchange, behaviour, session);
  }
  if (exchange.method === 'PUT') {
    return finish(exchange, state, behaviour, session, exchange.url.searchParams.get('digest') ?? '');
  }
  for await (const chunk of exchange.body) await stored.append(chunk);
  return progress(202, exchange, behaviour, session);
}

interface Session {
  name: string;
  id: string;
  stored: StoredUpload;
}

async function finish(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  { name, id, stored }: Session,
  expected: string,
): Promise<Answer> {
  if (!isDigest(expected)) return errorAnswer(400, 'DIGEST_INVALID', `"${expected}" is not a digest`);
  for await (const chunk of exchange.body) await stored.append(chunk);
  state.uploads.delete(id);
  const found = await stored.finish(expected);
  if (found !== expected) {
    return errorAnswer(400, 'DIGEST_INVALID', `the uploaded content has the digest ${found}, not ${expected}`);
  }
  repositoryOf(state, name).blobs.add(expected);
  return created(exchange, behaviour, name, expected);
}

function created(exchange: Exchange, behaviour: Behaviour, name: string, digest: Digest): Answer {
  return emptyAnswer(201, {
    Location: address(exchange, behaviour, `/v2/${name}/blobs/${digest}`),
    'Docker-Content-Digest': digest,
  });
}

function progress(status: number, exchange: Exchange, behaviour: Behaviour, { name, id, stored }: Session): Answer {
  return emptyAnswer(status, {
    Location: address(exchange, behaviour, `/v2/${name}/blobs/uploads/${id}?_state=${stored.size()}`),
    // Nothing yet looks like one byte: so do real registries answer.
    Range: `0-${Math.max(0, stored.size() - 1)}`,
    'Docker-Upload-UUID': id,
  });
}

function address(exchange: Exchange, behaviour: Behaviour, path: string): string {
  return behaviour.relativeLocations ? path : new URL(path, exchange.url).href;
}
