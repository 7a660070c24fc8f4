import { BlockList, isIP } from 'node:net';
import { isLoopback } from './plain-http.ts';

/** Which proxies there are, as curl and Go's tools read it from the environment. */
export interface Proxies {
  /** Address of the proxy for `http:`; empty for none. */
  http: string;
  /** Address of the proxy for `https:`; that for `http:` where it is empty. */
  https: string;
  /** Hosts that are reached directly, separated by commas or blanks: `example.com` with all below it, `10.0.0.0/8`, `*`. */
  none: string;
}

/** The proxies that the environment names: `https_proxy`, `http_proxy` and `no_proxy`, in lower or in upper case. */
export function environmentProxies(environment: NodeJS.ProcessEnv): Proxies {
  const value = (name: string) => environment[name] || environment[name.toUpperCase()] || '';
  return { http: value('http_proxy'), https: value('https_proxy'), none: value('no_proxy') };
}

/**
 * The proxy through which an address is reached; `undefined` if it is reached directly. What runs on this machine is
 * never reached through one.
 * @throws Error for a proxy whose address is none
 */
export function proxyFor(url: URL, { http, https, none }: Proxies): URL | undefined {
  const proxy = (url.protocol === 'https:' ? https : '') || http;
  if (proxy === '' || isLoopback(url.hostname)) return undefined;
  if (none.split(/[\s,]+/).some((entry) => entry !== '' && covers(entry, url))) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  if (!URL.canParse(address) || !/^https?:/i.test(address))
    throw new Error('its proxy has no address of http: or https:');
  return new URL(address);
}

function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (/^[0-9a-f.:]+\/\d+$/i.test(entry)) return isInNetwork(host, entry);
  const [, name = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (port !== undefined && port !== portOf(url)) return false;
  const domain = name.toLowerCase().replace(/^\*?\./, '');
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function isInNetwork(host: string, network: string): boolean {
  const [address = '', length = ''] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || isIP(host) !== isIP(address)) return false;
  if (Number(length) > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(length), family);
  return list.check(host, family);
}

/** The port of an address, also where its scheme implies it. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
