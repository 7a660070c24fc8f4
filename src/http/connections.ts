import type { SecureContextOptions } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { proxiesFor } from './proxies.ts';

/** How long nothing may happen, in milliseconds, before a connection counts as dead. A slow transfer may take for ever. */
export interface Timeouts {
  connect: number;
  /** Between two pieces of an answer, and before its first: a registry may have to hash a large blob before it answers. */
  idle: number;
}

export const usualTimeouts: Timeouts = { connect: 15_000, idle: 120_000 };

/** Connections to all servers that a command talks to: registries, token services, the storage behind them. */
export interface Connections extends AsyncDisposable {
  /** @param verify false to accept any certificate */
  to(url: URL, verify: boolean): Promise<Dispatcher>;
}

/**
 * Not a limit for people to feel: who transfers limits how much goes on at once. A lower one could lock up a copy
 * within one registry, where each upload that waits for a connection holds one for its download.
 */
const mostConnections = 64;

/**
 * Opens connections when they are needed, and keeps them for later requests.
 * @param environment whose `https_proxy`, `http_proxy` and `no_proxy` count
 */
export function createConnections(
  certificates: (host: string) => Promise<SecureContextOptions>,
  timeouts: Timeouts,
  environment: NodeJS.ProcessEnv,
): Connections {
  const pools = new Map<string, Promise<Dispatcher>>();
  const open = async (url: URL, verify: boolean) => {
    const secure = url.protocol === 'https:' ? await certificates(url.host) : {};
    const tls = { ...secure, rejectUnauthorized: verify, timeout: timeouts.connect };
    const options = {
      connections: mostConnections,
      keepAliveTimeout: 30_000,
      headersTimeout: timeouts.idle,
      bodyTimeout: timeouts.idle,
      connect: tls,
    };
    const proxies = proxiesFor(url, environment);
    if (proxies === undefined) return new Pool(url.origin, options);
    return new EnvHttpProxyAgent({ ...options, ...proxies, requestTls: tls });
  };
  return {
    to(url, verify) {
      const key = `${url.origin} ${verify}`;
      const pool = pools.get(key) ?? open(url, verify);
      pools.set(key, pool);
      return pool;
    },
    async [Symbol.asyncDispose]() {
      const opened = await Promise.allSettled(pools.values());
      pools.clear();
      await Promise.all(opened.flatMap((pool) => (pool.status === 'fulfilled' ? [pool.value.destroy()] : [])));
    },
  };
}
