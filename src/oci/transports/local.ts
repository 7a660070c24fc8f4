import { join } from 'node:path';
import { isDigest } from '../../lib/digest.ts';
import { isHost } from '../image-name.ts';
import type { Place } from '../place.ts';
import type { Refuse } from '../selector.ts';
import { isTag } from '../tag.ts';
import { docker } from './docker.ts';
import { layoutPlace, oci } from './oci.ts';
import type { Transport } from './transport.ts';

/** The work directory's own `oci/`: a tag, version or digest prefix, without anything before it. */
export const local: Transport = {
  name: 'local',
  prefix: '',
  form: 'a tag, version or digest prefix',
  parse(text, refuse) {
    if (!isDigest(text) && !isTag(text) && !/^sha256:[0-9a-f]+$/.test(text)) throw explain(text, refuse);
    return { name: text, placeIn: workDirectoryPlace };
  },
};

/** A work directory's own `oci/`, as a place for containers. */
export function workDirectoryPlace(workDirectory: string): Place {
  return layoutPlace(join(workDirectory, 'oci'));
}

/** What is no name was most often meant for another transport. */
function explain(text: string, refuse: Refuse) {
  const [host = ''] = text.split('/');
  if (text.includes('/') && /:\d+$/.test(host) && isHost(host)) {
    return refuse(`nothing says that "${host}" is a registry`, `write ${docker.prefix}${text}`);
  }
  const scheme = /^([a-z][a-z-]*):/.exec(text)?.[1];
  if (scheme !== undefined) return refuse(`"${scheme}" is not a transport that cosa knows`);
  if (text.includes('/')) {
    const registry = isHost(host) ? `; for a registry ${docker.prefix}${text}` : '';
    return refuse('a tag has no "/"', `for a directory write ${oci.prefix}${text}${registry}`);
  }
  return refuse(text === '' ? 'it is empty' : 'it is no tag, version or digest prefix');
}
