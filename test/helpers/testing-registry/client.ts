import { digestOf } from '../../../src/lib/digest.ts';
import { mediaTypes } from '../../../src/oci/types.ts';
import type { TestingRegistry } from '../testing-registry.ts';

// A client with nothing in between: these tests are of the registry, not of the product's client.

/** Asks the registry for something below `/v2/`. */
export function ask(registry: TestingRegistry, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, `${registry.address}/v2/`), init);
}

/** Uploads a blob in one request and returns its descriptor. */
export async function pushBlob(registry: TestingRegistry, repository: string, content: string | Buffer) {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  const response = await ask(registry, `${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: bytes,
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return { mediaType: 'text/plain', digest, size: bytes.length };
}

/** Stores a manifest of these layers under a tag or its digest, without asking whether that went well. */
export async function pushManifest(
  registry: TestingRegistry,
  repository: string,
  tag: string | undefined,
  change: { layers?: readonly object[]; subject?: object; artifactType?: string } = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const config = await pushBlob(registry, repository, '{}');
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [], ...change };
  const body = JSON.stringify(manifest);
  const digest = digestOf(body);
  const response = await ask(registry, `${repository}/manifests/${tag ?? digest}`, {
    method: 'PUT',
    body,
    headers: { 'Content-Type': mediaTypes.manifest, ...headers },
  });
  return { response, digest, body };
}
