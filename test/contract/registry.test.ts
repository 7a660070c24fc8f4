import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRegistries } from '../../src/oci/registry.ts';
import { writeAuthFile } from '../helpers/auth-file.ts';
import { serverCertificate, trustAuthority } from '../helpers/certificates.ts';
import { type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { startTestingRegistry, type TestingRegistryOptions } from '../helpers/testing-registry.ts';
import { type ContractRegistry, registryContract } from './registry.ts';

const builder = { name: 'builder', password: 'built:here', access: 'push' } as const;
const reader = { name: 'reader', password: 'letmein', access: 'pull' } as const;
const users = [builder, reader];

const inProcess: Record<string, TestingRegistryOptions & { tls?: never }> = {
  'the testing registry': {},
  'the testing registry with as little as it can': {
    behaviour: {
      referrersApi: false,
      conditionalPut: false,
      deletion: false,
      relativeLocations: true,
      digestHeader: false,
      pageSize: 5,
    },
  },
  'the testing registry that deletes, without referrers': { behaviour: { referrersApi: false } },
  'the testing registry that does not filter': { behaviour: { referrersFilter: false, pageSize: 1 } },
  'the testing registry with basic authentication': { authentication: { kind: 'basic', users } },
  'the testing registry with tokens': { authentication: { kind: 'bearer', users } },
  'the testing registry with tokens for a few requests': {
    authentication: { kind: 'bearer', users, requestsPerToken: 20, expiresIn: 300 },
  },
};

for (const [name, options] of Object.entries(inProcess)) registryContract(name, () => testingRegistry(options));
registryContract('the testing registry with TLS', () => testingRegistry({}, true));

const real: Record<string, DockerRegistryOptions> = {
  'docker-registry': {},
  'docker-registry that does not delete': { deletion: false },
  'docker-registry with basic authentication': { authentication: 'basic' },
  'docker-registry with tokens': { authentication: 'token' },
  'docker-registry with tokens and TLS': { authentication: 'token', tls: 'valid' },
};

for (const [name, options] of Object.entries(real)) registryContract(name, () => debianRegistry(options));

describe('docker-registry', () => {
  const wait = async () => expect.unreachable('a request was tried again');

  it('lets those read who do not say who they are, and tells them to log in when they write', async () => {
    await using registry = await startDockerRegistry({ authentication: 'token', anonymousMayPull: true });
    const { host, authFile } = registry;
    await using builders = createRegistries({ authFile }, { environment: {}, wait });
    const image = await storeImage(await builders.repository(host, 'os/example'), [Buffer.from('layer')]);
    await using registries = createRegistries({}, { environment: {}, wait });
    const repository = await registries.repository(host, 'os/example');
    expect(await repository.resolveDigest(image.digest)).toEqual(image);
    await expect(repository.setTags(['stable'], image)).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      message: expect.stringContaining(`docker://${host}/os/example: the registry wants to know who you are`),
      hint: `log in: cosa login ${host}`,
    });
    expect(await repository.tagNames()).toEqual([]);
  });

  it('is not trusted with an expired certificate, nor with one of an authority that nobody knows', async () => {
    await using expired = await startDockerRegistry({ tls: 'expired' });
    await using unknown = await startDockerRegistry({ tls: 'valid' });
    const { certificateDirectory } = expired;
    await using registries = createRegistries({ certificateDirectory }, { environment: {}, wait });
    await expect((await registries.repository(expired.host, 'os')).tagNames()).rejects.toMatchObject({
      code: 'REGISTRY_TLS',
      message: `registry ${expired.host}: its certificate has expired`,
    });
    await expect((await registries.repository(unknown.host, 'os')).tagNames()).rejects.toMatchObject({
      code: 'REGISTRY_TLS',
      message: `registry ${unknown.host}: its certificate is signed by an authority that this machine does not know`,
      hint: `put the authority's certificate into DIR/${unknown.host}/ca.crt and give --cert-dir DIR`,
    });
  });
});

async function testingRegistry(options: TestingRegistryOptions, withTls = false): Promise<ContractRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-contract-'));
  const tls = withTls ? await serverCertificate(directory) : undefined;
  const registry = await startTestingRegistry({ ...options, ...(tls === undefined ? {} : { tls }) });
  const { host } = registry;
  const certificateDirectory =
    tls === undefined ? undefined : await trustAuthority(join(directory, 'certs.d'), host, tls.authorityFile);
  const kind = options.authentication?.kind ?? 'none';
  return {
    host,
    ...(await people(directory, host, certificateDirectory, { isOpen: kind === 'none', knowsReaders: true })),
    deletes: registry.behaviour.deletion,
    comparesAndSets: registry.behaviour.conditionalPut,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

async function debianRegistry(options: DockerRegistryOptions): Promise<ContractRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-contract-'));
  const registry = await startDockerRegistry(options);
  const kind = options.authentication ?? 'none';
  const traits = { isOpen: kind === 'none', knowsReaders: kind === 'token' };
  return {
    host: registry.host,
    ...(await people(directory, registry.host, registry.certificateDirectory, traits)),
    deletes: options.deletion ?? true,
    comparesAndSets: false,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

async function people(
  directory: string,
  host: string,
  certificateDirectory: string | undefined,
  { isOpen, knowsReaders }: { isOpen: boolean; knowsReaders: boolean },
) {
  const options = async (name: string, user?: { name: string; password: string }) => ({
    certificateDirectory,
    authFile: await writeAuthFile(join(directory, `${name}.json`), host, user),
  });
  const anonymous = await options('anonymous');
  if (isOpen) return { builder: anonymous };
  return {
    builder: await options('builder', builder),
    reader: knowsReaders ? await options('reader', reader) : undefined,
    stranger: await options('stranger', { ...builder, password: 'wrong' }),
    anonymous,
  };
}
