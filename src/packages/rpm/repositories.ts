import { resolve } from 'node:path';
import { dirname } from 'node:path/posix';
import { nearest } from '../../lib/nearest.ts';
import type { PackageRequest, RepositoryFile } from '../backend.ts';
import { isUnknownOption, type RepositoryOption, readOptions } from './repositories/options.ts';
import { invalidRepository, type RepositorySection, readSection } from './repositories/section.ts';
import { optionValue, type RepositoryVariables, repositoryVariables } from './repositories/variables.ts';

/** How the servers of a repository are reached. */
interface RepositoryConnection {
  /** `undefined`: as the environment says; empty: directly. */
  proxy: string | undefined;
  /** For the servers of `baseurl`: `USER:PASSWORD`. */
  credentials: string | undefined;
  /** False accepts any certificate. */
  verify: boolean;
  /** Absolute path of further authorities, in PEM format. */
  authorities: string | undefined;
  /** For the servers that the section names: absolute paths of a certificate and its key, in PEM format. */
  client: { certificate: string; key: string } | undefined;
}

/** A package repository, as the config defines it. */
export interface RpmRepository {
  file: RepositoryFile;
  /** Base addresses, each with a final slash; the first are asked first. */
  baseUrls: readonly string[];
  metalink: string | undefined;
  mirrorlist: string | undefined;
  /** Whether its packages must be signed. */
  checksPackages: boolean;
  /** Whether its index must be signed. */
  checksIndex: boolean;
  /** Addresses as they stand: paths and `file:`, `http:`, `https:`. */
  keys: readonly string[];
  /** Lower is stronger. */
  priority: number;
  cost: number;
  includes: readonly string[];
  excludes: readonly string[];
  /** Its packages are not hidden by modules. */
  moduleHotfixes: boolean;
  /** A build goes on without it. */
  isOptional: boolean;
  connection: RepositoryConnection;
  /** Options that have no effect, each as a sentence. */
  remarks: readonly string[];
}

/**
 * Reads the repositories of a request.
 * @throws CosaError `REPOSITORY_INVALID` (exit 2) with the line
 */
export function readRepositories(request: PackageRequest): Promise<RpmRepository[]> {
  const variables = repositoryVariables(request);
  return Promise.all(request.repositories.map((file) => readRepository(readSection(file), variables)));
}

async function readRepository(section: RepositorySection, variables: RepositoryVariables): Promise<RpmRepository> {
  const { file } = section;
  const text = (option: RepositoryOption) => optionValue(section, option, variables);
  const words = async (option: RepositoryOption) => wordsOf(await text(option));
  const flag = async (option: RepositoryOption, otherwise: boolean) =>
    flagOf(file, option, await text(option), otherwise);
  const address = async (option: RepositoryOption, given: string) => checkedAddress(file, option, given);

  const baseUrls = await Promise.all((await words('baseurl')).map((given) => address('baseurl', given)));
  const [metalink] = await words('metalink');
  const [mirrorlist] = await words('mirrorlist');
  if (baseUrls.length === 0 && metalink === undefined && mirrorlist === undefined) {
    throw await invalidRepository(file, undefined, 'it has none of baseurl, metalink and mirrorlist');
  }
  // Mirror lists that fedora's old files call so are metalinks.
  const isMetalink = metalink === undefined && mirrorlist !== undefined && /metalink/.test(mirrorlist);
  const metalinkAddress = isMetalink ? mirrorlist : metalink;
  return {
    file,
    baseUrls: baseUrls.map((url) => (url.endsWith('/') ? url : `${url}/`)),
    metalink: metalinkAddress && (await address(isMetalink ? 'mirrorlist' : 'metalink', metalinkAddress)),
    mirrorlist: isMetalink || mirrorlist === undefined ? undefined : await address('mirrorlist', mirrorlist),
    checksPackages: await flag('gpgcheck', await flag('pkg_gpgcheck', true)),
    checksIndex: await flag('repo_gpgcheck', false),
    keys: await words('gpgkey'),
    priority: await numberOf(file, 'priority', await text('priority'), 99),
    cost: await numberOf(file, 'cost', await text('cost'), 1000),
    includes: await words('includepkgs'),
    excludes: [...(await words('excludepkgs')), ...(await words('exclude'))],
    moduleHotfixes: await flag('module_hotfixes', false),
    isOptional: await flag('skip_if_unavailable', false),
    connection: await readConnection(section, text, flag),
    remarks: [...section.options.keys()].filter(isUnknownOption).map((option) => remark(file, option)),
  };
}

async function readConnection(
  { file }: RepositorySection,
  text: (option: RepositoryOption) => Promise<string | undefined>,
  flag: (option: RepositoryOption, otherwise: boolean) => Promise<boolean>,
): Promise<RepositoryConnection> {
  const [username, password] = [await text('username'), await text('password')];
  const path = async (option: RepositoryOption) => {
    const given = await text(option);
    return given === undefined || given === '' ? undefined : resolve(dirname(file.path), given);
  };
  const certificate = await path('sslclientcert');
  return {
    proxy: await proxyOf(file, text),
    credentials: username === undefined || username === '' ? undefined : `${username}:${password ?? ''}`,
    verify: await flag('sslverify', true),
    authorities: await path('sslcacert'),
    // One file may have both.
    client: certificate === undefined ? undefined : { certificate, key: (await path('sslclientkey')) ?? certificate },
  };
}

async function proxyOf(
  file: RepositoryFile,
  text: (option: RepositoryOption) => Promise<string | undefined>,
): Promise<string | undefined> {
  const proxy = await text('proxy');
  if (proxy === undefined) return undefined;
  if (proxy === '' || proxy === '_none_') return '';
  if (!URL.canParse(proxy) || !/^https?:/i.test(proxy)) {
    throw await invalidRepository(
      file,
      'proxy',
      `"${proxy}" is no address of a proxy`,
      'one that begins with http: or https:',
    );
  }
  const url = new URL(proxy);
  const username = await text('proxy_username');
  if (username !== undefined) {
    url.username = username;
    url.password = (await text('proxy_password')) ?? '';
  }
  return url.href;
}

function remark({ name }: RepositoryFile, option: string): string {
  const [near] = nearest(option, readOptions);
  return `the repository "${name}": the option "${option}" has no effect${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

function wordsOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

async function flagOf(
  file: RepositoryFile,
  option: string,
  text: string | undefined,
  otherwise: boolean,
): Promise<boolean> {
  if (text === undefined || text === '') return otherwise;
  if (/^(?:1|yes|true|on|enabled)$/i.test(text)) return true;
  if (/^(?:0|no|false|off|disabled)$/i.test(text)) return false;
  throw await invalidRepository(file, option, `"${text}" is neither 1 nor 0`);
}

async function numberOf(
  file: RepositoryFile,
  option: string,
  text: string | undefined,
  otherwise: number,
): Promise<number> {
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,6}$/.test(text)) throw await invalidRepository(file, option, `"${text}" is no number`);
  return Number(text);
}

const schemes = ['http:', 'https:', 'file:'];

async function checkedAddress(file: RepositoryFile, option: string, text: string): Promise<string> {
  const address = text.startsWith('/') ? `file://${text}` : text;
  const scheme = URL.canParse(address) ? new URL(address).protocol : undefined;
  if (scheme !== undefined && schemes.includes(scheme)) return address;
  const hint = `one that begins with ${schemes.join(', ')}`;
  throw await invalidRepository(file, option, `"${text}" is not an address that packages can be fetched from`, hint);
}
