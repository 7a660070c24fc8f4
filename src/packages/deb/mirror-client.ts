import { environmentProxies, type Proxies } from '../../http/proxies.ts';
import { type Mirrors, openMirrors } from '../mirrors.ts';
import { hostAcquireSettings } from './host-apt.ts';

/**
 * Takes the way that the machine's apt takes: its proxy if it names one, else the environment's.
 * @param log told one line for each request
 */
export async function openDebMirrors(environment: NodeJS.ProcessEnv, log: (line: string) => void): Promise<Mirrors> {
  return openMirrors({ environment, proxies: await proxies(environment) }, log);
}

async function proxies(environment: NodeJS.ProcessEnv): Promise<Proxies> {
  const settings = (await hostAcquireSettings()).join('\n');
  const named = (scheme: string) => {
    const value = new RegExp(`^Acquire::${scheme}::Proxy "([^"]*)";`, 'mi').exec(settings)?.[1];
    return value === 'DIRECT' ? '' : (value ?? '');
  };
  const usual = environmentProxies(environment);
  return { ...usual, http: named('http') || usual.http, https: named('https') || usual.https };
}
