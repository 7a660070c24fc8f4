import { z } from 'zod';
import { digestOf, isDigest } from '../../../src/lib/digest.ts';
import { maximumManifestBytes } from '../../../src/oci/schemas.ts';
import { isTag } from '../../../src/oci/tag.ts';
import { type Answer, bytesAnswer, emptyAnswer, errorAnswer } from './answer.ts';
import { type Exchange, readAll } from './exchange.ts';
import { type Behaviour, findManifest, type RepositoryState, repositoryOf, type State } from './state.ts';

const descriptor = z.object({
  digest: z.custom<`sha256:${string}`>((value) => typeof value === 'string' && isDigest(value)),
  mediaType: z.string(),
  urls: z.array(z.string()).optional(),
});

/** As much of a manifest or an index as a registry looks at. */
const manifestShape = z.object({
  artifactType: z.string().optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).optional(),
  manifests: z.array(descriptor).optional(),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** `/v2/NAME/manifests/REFERENCE`. */
export async function answerManifest(
  exchange: Exchange,
  state: State,
  behaviour: Behaviour,
  name: string,
  reference: string,
): Promise<Answer> {
  if (!isDigest(reference) && !isTag(reference)) {
    return errorAnswer(400, 'MANIFEST_INVALID', `"${reference}" is neither a tag nor a digest`);
  }
  if (exchange.method === 'PUT') return putManifest(exchange, repositoryOf(state, name), behaviour, name, reference);
  const repository = state.repositories.get(name);
  const found = findManifest(repository, reference);
  if (repository === undefined || found === undefined) {
    return errorAnswer(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`);
  }
  if (exchange.method === 'GET' || exchange.method === 'HEAD') {
    const digestHeaders = { 'Docker-Content-Digest': found.digest, ETag: `"${found.digest}"` };
    const headers = behaviour.digestHeader ? digestHeaders : {};
    return bytesAnswer(200, found.manifest.mediaType, found.manifest.bytes, headers);
  }
  if (exchange.method !== 'DELETE' || !behaviour.deletion) {
    return errorAnswer(405, 'UNSUPPORTED', 'the operation is unsupported');
  }
  if (isDigest(reference)) repository.manifests.delete(reference);
  for (const [tag, digest] of repository.tags) {
    if (tag === reference || digest === reference) repository.tags.delete(tag);
  }
  return emptyAnswer(202);
}

async function putManifest(
  exchange: Exchange,
  repository: RepositoryState,
  behaviour: Behaviour,
  name: string,
  reference: string,
): Promise<Answer> {
  const bytes = await readAll(exchange, maximumManifestBytes);
  if (bytes === undefined)
    return errorAnswer(413, 'SIZE_INVALID', `manifests have at most ${maximumManifestBytes} bytes`);
  const digest = digestOf(bytes);
  if (isDigest(reference) && digest !== reference) {
    return errorAnswer(400, 'DIGEST_INVALID', `the content has the digest ${digest}, not ${reference}`);
  }
  const manifest = parseShape(bytes);
  if (manifest === undefined) return errorAnswer(400, 'MANIFEST_INVALID', 'manifest invalid');
  const missing = findMissing(repository, manifest);
  if (missing !== undefined) return errorAnswer(404, 'MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${missing}`);
  // From here on nothing is awaited: of two writers with the same condition, one wins.
  if (behaviour.conditionalPut && !conditionHolds(exchange, findManifest(repository, reference)?.digest)) {
    return errorAnswer(412, 'DENIED', `${reference} does not point to what the request says`);
  }
  repository.manifests.set(digest, {
    mediaType: exchange.header('content-type') ?? 'application/octet-stream',
    bytes,
    subject: manifest.subject?.digest,
    artifactType: manifest.artifactType ?? manifest.config?.mediaType,
    annotations: manifest.annotations,
  });
  if (!isDigest(reference)) repository.tags.set(reference, digest);
  return emptyAnswer(201, {
    Location: new URL(`/v2/${name}/manifests/${digest}`, exchange.url).href,
    'Docker-Content-Digest': digest,
    ...(manifest.subject === undefined || !behaviour.referrersApi ? {} : { 'OCI-Subject': manifest.subject.digest }),
  });
}

function parseShape(bytes: Buffer): z.infer<typeof manifestShape> | undefined {
  try {
    return manifestShape.safeParse(JSON.parse(bytes.toString())).data;
  } catch {
    return undefined;
  }
}

/** What a manifest needs must be there before it; only what lies elsewhere (`urls`) and a subject may be missing. */
function findMissing(repository: RepositoryState, manifest: z.infer<typeof manifestShape>): string | undefined {
  const blobs = [manifest.config ?? [], manifest.layers ?? []].flat().filter(({ urls }) => urls === undefined);
  return (
    blobs.find(({ digest }) => !repository.blobs.has(digest))?.digest ??
    manifest.manifests?.find(({ digest }) => !repository.manifests.has(digest))?.digest
  );
}

function conditionHolds(exchange: Exchange, now: string | undefined): boolean {
  const match = exchange.header('if-match');
  if (match !== undefined && match !== (match === '*' && now !== undefined ? '*' : `"${now}"`)) return false;
  return exchange.header('if-none-match') !== '*' || now === undefined;
}
