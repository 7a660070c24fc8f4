import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, start } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { type Cleanup, createCleanup } from '../../src/lib/cleanup.ts';
import { writeAuthFile } from './auth-file.ts';
import { selfSigned, serverCertificate, trustAuthority } from './certificates.ts';
import { type RegistryUser, startTokenServer } from './token-server.ts';

const dockerRegistry: Tool = {
  name: 'docker-registry',
  packages: { deb: 'docker-registry', rpm: 'distribution' },
  purpose: 'is the real registry of the tests',
};
const htpasswd: Tool = {
  name: 'htpasswd',
  packages: { deb: 'apache2-utils', rpm: 'httpd-tools' },
  purpose: "writes test registries' passwords",
};

export interface DockerRegistryOptions {
  /** With `basic`, every user may do everything: the registry knows no more. */
  authentication?: 'none' | 'basic' | 'token';
  /** With `token`: those without credentials may pull. */
  anonymousMayPull?: boolean;
  /** A certificate of a test authority; plain HTTP without. */
  tls?: 'valid' | 'expired';
  /** Manifests and blobs may be deleted; true unless told. */
  deletion?: boolean;
}

/** Debian's registry, on a free port of the loopback interface. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as it stands in references. */
  host: string;
  /** `http://127.0.0.1:PORT` or `https://…`. */
  address: string;
  /** One who may push and one who may pull. */
  builder: RegistryUser;
  reader: RegistryUser;
  /** An auth.json with the builder's password; empty without authentication. */
  authFile: string;
  /** For `--cert-dir`: trusts the registry's authority; empty without TLS. */
  certificateDirectory: string;
}

const builder: RegistryUser = { name: 'builder', password: 'built:here', access: 'push' };
const reader: RegistryUser = { name: 'reader', password: 'letmein', access: 'pull' };

/** Starts the registry with an empty storage, and returns when it answers. Disposing stops it and removes everything. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const cleanup = createCleanup();
  try {
    return await startWith(options, cleanup);
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function startWith(options: DockerRegistryOptions, cleanup: Cleanup): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-docker-registry-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const storageDirectory = join(directory, 'storage');
  await mkdir(storageDirectory);
  const certificate =
    options.tls === undefined
      ? undefined
      : await serverCertificate(join(directory, 'certificates'), options.tls === 'expired');
  const configFile = join(directory, 'config.yml');
  // JSON is YAML, too.
  const config = {
    version: '0.1',
    log: { accesslog: { disabled: true }, level: 'info' },
    storage: { filesystem: { rootdirectory: storageDirectory }, delete: { enabled: options.deletion ?? true } },
    http: {
      addr: '127.0.0.1:0',
      secret: 'of a test',
      ...(certificate === undefined
        ? {}
        : { tls: { certificate: certificate.certificateFile, key: certificate.keyFile } }),
    },
    ...(await authentication(directory, options, cleanup)),
  };
  await writeFile(configFile, JSON.stringify(config));
  const host = await serve(configFile, cleanup);
  const user = (options.authentication ?? 'none') === 'none' ? undefined : builder;
  const authFile = await writeAuthFile(join(directory, 'auth.json'), host, user);
  const certificateDirectory = join(directory, 'certs.d');
  await mkdir(certificateDirectory);
  if (certificate !== undefined) await trustAuthority(certificateDirectory, host, certificate.authorityFile);
  return {
    host,
    address: `${certificate === undefined ? 'http' : 'https'}://${host}`,
    builder,
    reader,
    authFile,
    certificateDirectory,
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

async function authentication(
  directory: string,
  { authentication, anonymousMayPull }: DockerRegistryOptions,
  cleanup: Cleanup,
): Promise<object> {
  if (authentication === 'basic') {
    const path = join(directory, 'htpasswd');
    const lines = [];
    for (const { name, password } of [builder, reader]) {
      const { stdout } = await run(htpasswd, ['-n', '-i', '-B', '-C', '4', name], { input: password });
      lines.push(stdout.trim());
    }
    await writeFile(path, `${lines.join('\n')}\n`);
    return { auth: { htpasswd: { realm: 'test registry', path } } };
  }
  if (authentication !== 'token') return {};
  const signer = await selfSigned(directory, 'token-signer');
  const tokens = await startTokenServer(signer, [builder, reader], anonymousMayPull ?? false);
  cleanup.defer(() => tokens[Symbol.asyncDispose]());
  const { realm, issuer, service } = tokens;
  return { auth: { token: { realm, issuer, service, rootcertbundle: signer.certificateFile } } };
}

/** Starts the program and returns the address that it says it listens on: the kernel chooses the port. */
async function serve(configFile: string, cleanup: Cleanup): Promise<string> {
  const lines: string[] = [];
  let isListening: (host: string) => void;
  const listening = new Promise<string>((resolve) => {
    isListening = resolve;
  });
  const program = await start(dockerRegistry, ['serve', configFile], {
    onStderrLine: (line) => {
      lines.push(line);
      const [, host] = /msg="listening on ([^",]+)/.exec(line) ?? [];
      if (host !== undefined) isListening(host);
    },
  });
  program.stdout.resume();
  cleanup.defer(async () => {
    program.kill();
    await program.done.catch(() => undefined);
  });
  const ended = program.done.then(() => {
    throw new Error(`docker-registry ended:\n${lines.join('\n')}`);
  });
  // Later, when it is stopped, nobody waits for this any more.
  ended.catch(() => undefined);
  return Promise.race([listening, ended]);
}
