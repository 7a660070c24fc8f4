import { EnvHttpProxyAgent } from 'undici';
import { hostAcquireSettings } from './host-apt.ts';

/** How many connections are kept to one host: enough to hide the latency of small files. */
const connectionsPerHost = 8;

/**
 * A connection pool that takes the way the machine's apt takes: its proxy if it names one, else the environment's.
 * The caller must close it.
 */
export async function downloadAgent(): Promise<EnvHttpProxyAgent> {
  const settings = await hostAcquireSettings();
  const proxyOf = (scheme: string) => {
    const value = new RegExp(`^Acquire::${scheme}::Proxy "([^"]*)";`, 'mi').exec(settings.join('\n'))?.[1];
    return value === undefined || value === '' || value === 'DIRECT' ? undefined : value;
  };
  const [httpProxy, httpsProxy] = [proxyOf('http'), proxyOf('https')];
  return new EnvHttpProxyAgent({
    connections: connectionsPerHost,
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
}
