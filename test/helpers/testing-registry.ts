import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Digest } from '../../src/lib/digest.ts';
import { compareBytes } from '../../src/lib/order.ts';
import { type Answer, emptyAnswer, errorAnswer } from './testing-registry/answer.ts';
import { type Authentication, createGate } from './testing-registry/authentication.ts';
import { connectionReset, type Exchange, exchangeOf } from './testing-registry/exchange.ts';
import { createFaultPlan, type Fault, faultOf, type Injection } from './testing-registry/faults.ts';
import type { LoggedRequest } from './testing-registry/log.ts';
import { answerRoute, findRoute, needsOfRoute } from './testing-registry/routes.ts';
import { resetConnection, sendAnswer } from './testing-registry/send.ts';
import { type Behaviour, repositoryOf, type State, usualBehaviour } from './testing-registry/state.ts';
import { createStorage, type StorageKind } from './testing-registry/storage.ts';

export interface TestingRegistryOptions {
  authentication?: Authentication;
  /** Key and certificate, PEM; plain HTTP without. */
  tls?: { key: string; certificate: string };
  /** Where blobs lie; in memory unless told. */
  storage?: StorageKind;
  behaviour?: Partial<Behaviour>;
}

/** A registry in this process, for tests of what talks to registries. */
export interface TestingRegistry {
  /** `127.0.0.1:PORT`, as it stands in references. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** How it behaves; may be changed at any time. */
  readonly behaviour: Behaviour;
  /** All requests since the start, or since a test emptied it. */
  readonly log: LoggedRequest[];
  /** Makes something go wrong with requests that are to come. */
  inject(injection: Injection): void;
  /** Forgets the faults that have not happened yet. */
  clearFaults(): void;
  /** Makes all tokens that were given out invalid. */
  revokeTokens(): void;
  /** A repository's tags, sorted. */
  tags(repository: string): ReadonlyMap<string, Digest>;
  /** Points a tag at a manifest as another client would. */
  setTag(repository: string, tag: string, digest: Digest): void;
  hasBlob(repository: string, digest: Digest): boolean;
  hasManifest(repository: string, digest: Digest): boolean;
  /** How many uploads were begun and neither finished nor given up. */
  openUploads(): number;
}

/**
 * Starts a registry on a free port of the loopback interface. It keeps to the distribution specification, and breaks
 * it where it is told to.
 */
export async function startTestingRegistry(
  options: TestingRegistryOptions = {},
): Promise<TestingRegistry & AsyncDisposable> {
  const state: State = {
    storage: createStorage(options.storage ?? 'memory'),
    repositories: new Map(),
    uploads: new Map(),
  };
  const behaviour = { ...usualBehaviour, ...options.behaviour };
  const gate = createGate(options.authentication ?? { kind: 'none' });
  const plan = createFaultPlan();
  const log: LoggedRequest[] = [];

  async function answer(exchange: Exchange, faults: readonly Fault[]): Promise<Answer> {
    const status = faultOf(faults, 'status');
    if (status !== undefined && status.done !== true) return statusAnswer(exchange, status);
    const redirect = faultOf(faults, 'redirect');
    if (redirect !== undefined) {
      const to = new URL(`${exchange.url.pathname}${exchange.url.search}`, redirect.to);
      return emptyAnswer(redirect.status ?? 307, { Location: to.href });
    }
    const done = await answerUsually(exchange);
    return status === undefined ? done : statusAnswer(exchange, status);
  }

  async function answerUsually(exchange: Exchange): Promise<Answer> {
    const token = gate.answerToken(exchange);
    if (token !== undefined) return token;
    const route = findRoute(decodeURIComponent(exchange.url.pathname));
    if (route === undefined) return errorAnswer(404, 'NAME_INVALID', `no such page: ${exchange.url.pathname}`);
    const refusal = gate.check(exchange, needsOfRoute(exchange, route));
    return refusal ?? answerRoute(exchange, state, behaviour, route);
  }

  function moveTags(faults: readonly Fault[], when: 'before' | 'after'): void {
    for (const fault of faults) {
      if (fault.kind !== 'move-tag' || fault.when !== when) continue;
      repositoryOf(state, fault.repository).tags.set(fault.tag, fault.to);
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `${scheme}://${request.headers.host ?? host}`);
    const { pathname: path, search: query } = url;
    const method = request.method ?? 'GET';
    const logged: LoggedRequest = { method, path, query, headers: request.headers, status: 0, received: 0, sent: 0 };
    log.push(logged);
    const faults = plan.take(method, path);
    moveTags(faults, 'before');
    if (faultOf(faults, 'lose-upload') !== undefined) state.uploads.delete(path.split('/').at(-1) ?? '');
    const exchange = exchangeOf(request, url, logged, {
      ignoreRange: faultOf(faults, 'ignore-range') !== undefined,
      resetAfter: faultOf(faults, 'reset-request')?.afterBytes,
    });
    try {
      const answered = await answer(exchange, faults);
      moveTags(faults, 'after');
      await sendAnswer(response, answered, faults, logged);
      // A body that nobody wanted must not block the next request of the connection.
      request.resume();
    } catch (error) {
      if (error === connectionReset) resetConnection(request.socket);
      else response.destroy();
    }
  }

  function listener(request: IncomingMessage, response: ServerResponse): void {
    void serve(request, response);
  }
  const { tls } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  const server =
    tls === undefined ? createServer(listener) : createTlsServer({ key: tls.key, cert: tls.certificate }, listener);
  const host = `127.0.0.1:${await listen(server)}`;

  return {
    host,
    address: `${scheme}://${host}`,
    behaviour,
    log,
    inject: plan.inject,
    clearFaults: plan.clear,
    revokeTokens: gate.revokeTokens,
    tags: (name) => new Map([...(state.repositories.get(name)?.tags ?? [])].sort(([a], [b]) => compareBytes(a, b))),
    setTag: (name, tag, digest) => repositoryOf(state, name).tags.set(tag, digest),
    hasBlob: (name, digest) => state.repositories.get(name)?.blobs.has(digest) ?? false,
    hasManifest: (name, digest) => state.repositories.get(name)?.manifests.has(digest) ?? false,
    openUploads: () => state.uploads.size,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      for (const { stored } of state.uploads.values()) await stored.abort();
    },
  };
}

function statusAnswer(exchange: Exchange, { status, code, headers }: Extract<Fault, { kind: 'status' }>): Answer {
  const text = `${exchange.method} ${exchange.url.pathname} was made to fail`;
  return errorAnswer(status, code ?? 'UNKNOWN', text, headers);
}

async function listen(server: Server): Promise<number> {
  // A client that keeps a connection must never find it closed by a timer: that would be a fault nobody injected.
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
