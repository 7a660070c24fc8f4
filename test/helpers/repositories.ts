import type { IncomingMessage, ServerResponse } from 'node:http';
import { digestOf } from '../../src/lib/digest.ts';
import type { Repository } from '../../src/oci/registries.ts';
import type { RegistryRequest } from '../../src/oci/registry/client.ts';
import { openRepository } from '../../src/oci/registry/repository.ts';
import type { BlobSource } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { type TestClient, testClient } from './registry-client.ts';
import { startTestingRegistry, type TestingRegistry, type TestingRegistryOptions } from './testing-registry.ts';

export const repositoryName = 'os/example';

interface RepositoryScene extends AsyncDisposable, Pick<TestClient, 'waits' | 'warnings'> {
  repository: Repository;
  /** Names it in messages. */
  where: string;
  /**
   * Opens another repository, or the same one as another process would: with a memory of its own.
   * @param beforeRequest waited for before each request
   */
  open(name?: string, beforeRequest?: (request: RegistryRequest) => Promise<void>): Repository;
}

/** A repository of a registry in this process. */
export async function openTestingRepository(
  options: TestingRegistryOptions = {},
): Promise<RepositoryScene & { registry: TestingRegistry }> {
  const registry = await startTestingRegistry(options);
  return { registry, ...sceneOf(registry) };
}

/** A repository of a server that answers what a test says; the ping is answered well. */
export async function openScriptedRepository(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RepositoryScene & { server: HttpServer }> {
  const server = await startHttpServer((request, response) => {
    if (request.url === '/v2/') response.end();
    else answer(request, response);
  });
  return { server, ...sceneOf(server) };
}

function sceneOf(server: AsyncDisposable & { host: string }): RepositoryScene {
  const { client, waits, warnings, ...connections } = testClient(server.host);
  const open: RepositoryScene['open'] = (name = repositoryName, beforeRequest = async () => undefined) => {
    const request = async (asked: RegistryRequest) => {
      await beforeRequest(asked);
      return client.request(asked);
    };
    return openRepository({ ...client, request }, name, (message) => void warnings.push(message));
  };
  return {
    repository: open(),
    where: `docker://${server.host}/${repositoryName}`,
    open,
    waits,
    warnings,
    [Symbol.asyncDispose]: async () => {
      await connections[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What a blob of these bytes is. */
export function descriptorOf(content: Buffer | string, mediaType: string = mediaTypes.layer): Descriptor {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
}

/** A source that counts how often it was opened. */
export function sourceOf(content: Buffer, pieceBytes = 256 * 1024): BlobSource & { opened: number } {
  const source = {
    descriptor: descriptorOf(content),
    opened: 0,
    open: () => {
      source.opened += 1;
      return piecesOf(content, pieceBytes);
    },
  };
  return source;
}

async function* piecesOf(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
