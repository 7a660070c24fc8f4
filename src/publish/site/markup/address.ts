import { type Address, asAddress } from './html.ts';

/** The address of a page or file of the site, from a page that lies `depth` directories below its root. */
export function siteAddress(path: string, depth: number): Address {
  const [file = '', fragment] = path.split('#');
  const encoded = file.split('/').map(encodeURIComponent).join('/');
  return asAddress('../'.repeat(depth) + encoded + (fragment === undefined ? '' : `#${encodeURIComponent(fragment)}`));
}

/** The address of a place on the same page. */
export function fragmentAddress(fragment: string): Address {
  return asAddress(`#${encodeURIComponent(fragment)}`);
}

/** Longer ones are nobody's. */
const maximumLength = 2000;

/**
 * The address of something elsewhere, or `undefined` for a text that is none: of HTTP alone, and without a name and password
 * in it.
 */
export function webAddress(text: string): Address | undefined {
  if (text.length > maximumLength || !/^https?:\/\/[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return undefined;
  return asAddress(url.href);
}
