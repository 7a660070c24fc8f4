import { isLoopback } from './plain-http.ts';

/** The variables' values, as undici's agent for proxies takes them. */
export interface Proxies {
  /** Empty for none. */
  httpProxy: string;
  httpsProxy: string;
  /** Hosts and domains that are reached directly, separated by commas. */
  noProxy: string;
}

/**
 * The proxies that the environment names, as curl and Go's tools read it; `undefined` where there is no need to ask.
 * What runs on this machine is never reached through one.
 */
export function proxiesFor(url: URL, environment: NodeJS.ProcessEnv): Proxies | undefined {
  const value = (name: string) => environment[name] || environment[name.toUpperCase()] || '';
  const proxies = { httpProxy: value('http_proxy'), httpsProxy: value('https_proxy'), noProxy: value('no_proxy') };
  const isNamed = proxies.httpProxy !== '' || proxies.httpsProxy !== '';
  return isNamed && !isLoopback(url.hostname) ? proxies : undefined;
}
