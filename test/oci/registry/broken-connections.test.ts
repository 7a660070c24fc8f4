import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { openRepository } from '../../../src/oci/registry/repository.ts';
import { type DockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts';
import { collect } from '../../helpers/image.ts';
import { testClient } from '../../helpers/registry-client.ts';
import { repositoryName, sourceOf } from '../../helpers/repositories.ts';

const content = randomBytes(8_000_000);

/** A network between us and a registry, on which connections break. */
interface Network extends AsyncDisposable {
  host: string;
  /** Breaks the connection on which so many bytes more have gone to one of the two; nothing of it is left over. */
  breakAfter(bytes: number, receiver: 'registry' | 'client'): void;
  /** How many connections were broken. */
  broken(): number;
}

async function networkTo(host: string): Promise<Network> {
  const [address, port] = host.split(':');
  let planned: { bytes: number; receiver: string } | undefined;
  let broken = 0;
  const sockets = new Set<Socket>();

  function carry(from: Socket, to: Socket, receiver: 'registry' | 'client'): void {
    sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('end', () => to.end());
    from.on('data', (chunk: Buffer) => {
      if (planned?.receiver === receiver) {
        planned.bytes -= chunk.length;
        if (planned.bytes < 0) {
          planned = undefined;
          broken += 1;
          from.resetAndDestroy();
          to.resetAndDestroy();
          return;
        }
      }
      if (!to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  }

  const server = createServer((client) => {
    const registry = connect(Number(port), address);
    carry(client, registry, 'registry');
    carry(registry, client, 'client');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakAfter: (bytes, receiver) => {
      planned = { bytes, receiver };
    },
    broken: () => broken,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

let registry: DockerRegistry;
beforeAll(async () => {
  registry = await startDockerRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

it.each([500, 1_000_000, 7_900_000])(
  'docker-registry has the blob after a break at byte %i of its upload',
  async (at) => {
    await using network = await networkTo(registry.host);
    await using connections = testClient(network.host);
    const repository = openRepository(connections.client, `${repositoryName}-${at}`);
    const source = sourceOf(content);
    let counted = 0;
    const onBytes = (bytes: number) => {
      counted += bytes;
    };
    await repository.tagNames();
    network.breakAfter(at, 'registry');
    expect(await repository.putBlob(source, { onBytes })).toBe('written');
    expect(network.broken()).toBe(1);
    expect(counted).toBe(content.length);
    expect(await repository.hasBlob(source.descriptor.digest)).toBe(true);
  },
);

it.each([100, 1_000_000, 7_900_000])(
  'docker-registry gives the rest after a break at byte %i of a download',
  async (at) => {
    await using network = await networkTo(registry.host);
    await using connections = testClient(network.host);
    const repository = openRepository(connections.client, repositoryName);
    const source = sourceOf(content);
    await repository.putBlob(source);
    network.breakAfter(at, 'client');
    expect(digestOf(await collect(repository.readBlob(source.descriptor)))).toBe(source.descriptor.digest);
    expect(network.broken()).toBe(1);
  },
);
