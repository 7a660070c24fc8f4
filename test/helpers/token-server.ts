import { sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

/** Who may do what with every repository. */
export interface RegistryUser {
  name: string;
  password: string;
  access: 'pull' | 'push';
}

/** A token service for docker-registry: it signs with a key whose certificate the registry trusts. */
export interface TokenServer extends AsyncDisposable {
  /** For `auth.token.realm`. */
  realm: string;
  issuer: string;
  service: string;
}

const issuer = 'test issuer';
const service = 'test registry';

/** https://distribution.github.io/distribution/spec/auth/token/ */
export async function startTokenServer(
  signer: Certificate,
  users: readonly RegistryUser[],
  anonymousMayPull: boolean,
): Promise<TokenServer> {
  function listener(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers;
    const user = users.find(({ name, password }) => authorization === basic(name, password));
    const isRefused = authorization === undefined ? !anonymousMayPull : user === undefined;
    const url = new URL(request.url ?? '/', 'http://localhost');
    // Only the way by GET, as many services do; a client that tries POST first must come back with GET.
    const status = request.method !== 'GET' ? 405 : isRefused ? 401 : 200;
    response.writeHead(status, { 'Content-Type': 'application/json' });
    const scopes = url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    response.end(JSON.stringify(status === 200 ? { token: tokenOf(signer, user, scopes) } : { errors: [] }));
  }

  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    issuer,
    service,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function tokenOf(signer: Certificate, user: RegistryUser | undefined, scopes: readonly string[]): string {
  const allowed = user?.access === 'push' ? ['pull', 'push', 'delete'] : ['pull'];
  const access = scopes.flatMap((scope) => {
    const [, name, actions] = /^repository:(.+):([^:]*)$/.exec(scope) ?? [];
    const granted = actions?.split(',').filter((action) => allowed.includes(action));
    return granted === undefined ? [] : [{ type: 'repository', name, actions: granted }];
  });
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(signer.certificate).raw.toString('base64');
  const header = { typ: 'JWT', alg: 'ES256', x5c: [certificate] };
  const lifetime = { iat: now - 60, nbf: now - 60, exp: now + 300 };
  const claims = { iss: issuer, aud: service, sub: user?.name ?? '', jti: String(now), ...lifetime, access };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: signer.key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}
