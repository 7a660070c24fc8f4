import { setMaxListeners } from 'node:events';
import type { Agent, AgentOptions, ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionOptions, SecureContextOptions } from 'node:tls';
import { timeoutFailure } from './network-errors.ts';
import { type Proxies, proxyFor } from './proxies.ts';
import { addressOf, openTunnel, type ProxyServer, proxyAuthorization } from './tunnel.ts';

/** How long nothing may happen, in milliseconds, before a connection counts as dead. A slow transfer may take for ever. */
export interface Timeouts {
  connect: number;
  /** Between two pieces of an answer, and before its first: a registry may have to hash a large blob before it answers. */
  idle: number;
}

export const usualTimeouts: Timeouts = { connect: 15_000, idle: 120_000 };

/** Connections to all servers that a command talks to: registries, token services, the storage behind them, mirrors. */
export interface Connections extends AsyncDisposable {
  readonly timeouts: Timeouts;
  /**
   * How a request to an address is sent with Node's own client: over which connections, and what it says to a proxy.
   * @param verify false to accept any certificate
   * @throws what `certificates` throws
   */
  to(url: URL, verify: boolean): Promise<ClientRequestArgs>;
}

/** Where and how connections are made. */
export interface ConnectionSettings {
  /** Authorities and client certificates for a host, besides what Node trusts on its own. */
  certificates: (host: string) => Promise<SecureContextOptions>;
  proxies: Proxies;
  timeouts: Timeouts;
}

/**
 * Not a limit for people to feel: who transfers limits how much goes on at once. A lower one could lock up a copy
 * within one registry, where each upload that waits for a connection holds one for its download.
 */
const mostConnections = 64;
/** How long a connection is kept that nobody uses, in milliseconds. */
const keepAlive = 30_000;
/** So much is read ahead, in bytes: network and reader rarely wait for each other, and memory stays flat. */
const readAhead = 256 * 1024;
/**
 * So much is read with one call, in bytes, into one buffer for all connections: the parser takes the data out before the
 * next call. Node's own way is a new buffer for every 64 KiB, which costs half as much again for a large body.
 */
const readSize = 512 * 1024;

/** Opens connections when they are needed, and keeps them for later requests. */
export function createConnections(settings: ConnectionSettings): Connections {
  const { timeouts, proxies, certificates } = settings;
  const agents = new Map<string, Promise<Agent>>();
  const lifetime = new AbortController();
  const onread = {
    buffer: Buffer.allocUnsafeSlow(readSize),
    callback(this: Socket, length: number, buffer: Uint8Array): boolean {
      // Node's client listens to this event, and to nothing else.
      this.emit('data', buffer.subarray(0, length));
      return true;
    },
  };
  setMaxListeners(0, lifetime.signal);

  async function open(to: URL, proxy: URL | undefined, verify: boolean): Promise<Agent> {
    const options = {
      keepAlive: true,
      timeout: keepAlive,
      maxSockets: mostConnections,
      highWaterMark: readAhead,
      onread,
    } satisfies AgentOptions & { highWaterMark: number };
    const { connect } = timeouts;
    const stop = lifetime.signal;
    if (to.protocol === 'http:') {
      const { Agent } = await import('node:http');
      const agent = new Agent(options);
      return whenReady(agent, directly(agent), 'connect', connect, stop);
    }
    const tls = { ...(await certificates(to.host)), rejectUnauthorized: verify };
    const { Agent } = await import('node:https');
    const agent = new Agent({ ...options, ...tls });
    if (proxy === undefined) return whenReady(agent, directly(agent), 'secureConnect', connect, stop);
    const secure = proxy.protocol === 'https:' ? await certificates(proxy.host) : {};
    const tunnel = throughTunnel({ address: proxy, secure }, to, connect, stop);
    return whenReady(agent, tunnel, 'secureConnect', connect, stop);
  }

  return {
    timeouts,
    async to(url, verify) {
      const proxy = proxyFor(url, proxies);
      // A proxy is sent requests that need no TLS as they are; through it leads a connection of its own for any other.
      const isForwarded = proxy !== undefined && url.protocol === 'http:';
      const server = isForwarded ? proxy : url;
      // What is said of a server does not hold for the proxy before it.
      const isVerified = isForwarded || verify;
      const key = `${server.origin} ${isVerified}`;
      const agent = agents.get(key) ?? open(server, isForwarded ? undefined : proxy, isVerified);
      agents.set(key, agent);
      const path = `${url.pathname}${url.search}`;
      const common = { agent: await agent, protocol: server.protocol, ...addressOf(server) };
      if (!isForwarded) return { ...common, path };
      // https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
      const headers = { host: url.host, ...proxyAuthorization(proxy) };
      return { ...common, path: `http://${url.host}${path}`, headers };
    },
    async [Symbol.asyncDispose]() {
      lifetime.abort();
      const opened = await Promise.allSettled(agents.values());
      agents.clear();
      for (const agent of opened) if (agent.status === 'fulfilled') agent.value.destroy();
    },
  };
}

type OnSocket = (error: Error | null, socket?: Socket) => void;
type Connect = (options: ConnectionOptions) => Promise<Socket>;

/** How an agent makes connections by itself. */
function directly(agent: Agent): Connect {
  const { createConnection } = agent as unknown as { createConnection: (options: ConnectionOptions) => Socket };
  return async (options) => createConnection.call(agent, options);
}

/** How connections lead through a proxy, with TLS from end to end. */
function throughTunnel(proxy: ProxyServer, to: URL, milliseconds: number, stop: AbortSignal): Connect {
  const { port } = addressOf(to);
  return async (options) => {
    const { connect } = await import('node:tls');
    const limit = AbortSignal.any([stop, AbortSignal.timeout(milliseconds)]);
    const socket = await openTunnel(proxy, `${to.hostname}:${port}`, limit);
    // The host stays among the options: an IP address is no server name, and the certificate must be for it all the same.
    return connect({ ...options, socket });
  };
}

/**
 * Has an agent's connections made in time, or fail. A request gets one that is ready: else the end of a handshake that
 * fails would hide why.
 * @param stop ends those that are being made
 */
function whenReady(
  agent: Agent,
  connect: Connect,
  ready: 'connect' | 'secureConnect',
  milliseconds: number,
  stop: AbortSignal,
): Agent {
  const prepare = (socket: Socket, onSocket: OnSocket) => {
    const giveUp = () => socket.destroy(timeoutFailure('no connection in time'));
    const timer = setTimeout(giveUp, milliseconds);
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', giveUp);
      socket.off('error', settle).off('close', closed).off(ready, done);
      // What breaks from here on is told to whoever has the connection; what was told once is not told again.
      if (error !== null) socket.on('error', () => undefined);
      onSocket(error, error === null ? socket : undefined);
    };
    const closed = () => settle(new Error('the connection was closed'));
    const done = () => settle(null);
    socket.on('error', settle).on('close', closed).on(ready, done);
    stop.addEventListener('abort', giveUp);
  };
  const createConnection = (options: ConnectionOptions, onSocket: OnSocket): undefined => {
    connect(options).then((socket) => prepare(socket, onSocket), onSocket);
  };
  return Object.assign(agent, { createConnection });
}
