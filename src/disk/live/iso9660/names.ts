import type { IsoDirectoryNode, IsoFileNode } from './tree.ts';

/** The identifiers of what lies in a directory. */
type Identifiers = ReadonlyMap<IsoDirectoryNode | IsoFileNode, Buffer>;

/** One of the two ways in which an ISO's names are written. */
export type Naming = (directory: IsoDirectoryNode) => Identifiers;

/**
 * Names as the first interchange level has them (ECMA-119, 7.5 and 10.1): eight capitals and three, with a version. Those
 * that would be the same get a number for their ending.
 */
export const shortNames: Naming = ({ directories, files }) => {
  const taken = new Set<string>();
  return new Map<IsoDirectoryNode | IsoFileNode, Buffer>([
    ...directories.map((node) => {
      const base = capitals(node.name).slice(0, 8);
      return [node, Buffer.from(free(base, 8, (name) => name, taken))] as const;
    }),
    ...files.map((node) => {
      const dot = node.name.lastIndexOf('.');
      const [base, extension] = dot > 0 ? [node.name.slice(0, dot), node.name.slice(dot + 1)] : [node.name, ''];
      const ending = capitals(extension).slice(0, 3);
      const spelled = (name: string) => (ending === '' ? name : `${name}.${ending}`);
      const id = free(capitals(base).slice(0, 8), 8, spelled, taken);
      return [node, Buffer.from(`${id}${ending === '' ? '.' : ''};1`)] as const;
    }),
  ]);
};

function capitals(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
}

/** UCS-2 characters of a name. */
const longestJoliet = 64;

/** Names in UCS-2, for Windows: the Joliet specification. What it forbids becomes an underscore. */
export const jolietNames: Naming = ({ directories, files }) => {
  const taken = new Set<string>();
  const encode = (node: IsoDirectoryNode | IsoFileNode, version: string) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
    const name = node.name.replaceAll(/[\u0000-\u001f*/:;?\\]/g, '_').slice(0, longestJoliet);
    const id = free(name, longestJoliet, (unique) => unique, taken);
    return [node, Buffer.from(`${id}${version}`, 'utf16le').swap16()] as const;
  };
  return new Map([...directories.map((node) => encode(node, '')), ...files.map((node) => encode(node, ';1'))]);
};

/** The name, or one that ends with a number instead, so that nothing is called the same. */
function free(name: string, longest: number, spelled: (name: string) => string, taken: Set<string>): string {
  for (let number = 0; ; number++) {
    const ending = number === 0 ? '' : String(number);
    const candidate = spelled(`${name.slice(0, longest - ending.length)}${ending}`);
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    return candidate;
  }
}
