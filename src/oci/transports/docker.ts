import { type ImageName, parseImageName, splitImageName } from '../image-name.ts';
import type { Place } from '../place.ts';
import { nameScopes, scopesOfName } from '../policy/scopes.ts';
import { formatSelector, type Selector } from '../selector.ts';
import type { Transport } from './transport.ts';

/** As every other tool has it: a repository's name alone means its tag `latest`. */
const defaultTag = 'latest';

/** A registry's repository: `docker://HOST/REPO[:TAG][@DIGEST]`. */
export const docker: Transport = {
  name: 'docker',
  prefix: 'docker://',
  form: 'docker://HOST/REPO[:TAG][@DIGEST]',
  scopes: nameScopes,
  parse(text, refuse) {
    const { host, repository, ...selector } = splitImageName(text, refuse);
    return { ...selector, placeIn: () => repositoryPlace(host, repository) };
  },
};

function repositoryPlace(host: string, repository: string): Place {
  const nameOf = (selector: Selector) => imageName(host, repository, selector);
  return {
    transport: docker.name,
    format: (selector = {}) => `${docker.prefix}${host}/${repository}${formatSelector(selector)}`,
    open: (registries) => registries.repository(host, repository),
    openForWriting: async (registries) => ({
      ...(await registries.repository(host, repository, 'writing')),
      [Symbol.asyncDispose]: async () => undefined,
    }),
    openForDeleting: (registries) => registries.repository(host, repository, 'writing'),
    policyScopes: async (selector) => scopesOfName(nameOf(selector)),
    imageName: nameOf,
    defaultTag,
    keepsManifestsWhole: true,
    mountSource: { host, repository },
  };
}

/** @throws Error never: what a reference may name as a repository is the beginning of a name */
function imageName(host: string, repository: string, { tag, digest }: Selector): ImageName {
  const name = parseImageName(`${host}/${repository}`);
  if (name === undefined) throw new Error(`no image name: ${host}/${repository}`);
  return digest === undefined
    ? { repository: name.repository, tag: tag ?? defaultTag }
    : { repository: name.repository, digest };
}
