/** Longest name, in UTF-16 units: "Long directory entries". */
const longest = 255;

/** What no long name can have, and what Windows would cut off the end. */
const forbidden = /[\p{Cc}"*/:<>?\\|\uffff]/u;

/** Characters of a short name, apart from letters that are upper case anyway. */
const shortCharacter = /[A-Z0-9$%'\-_@~`!(){}^#&]/;
const shortName = /^([A-Z0-9$%'\-_@~`!(){}^#&]{1,8})(?:\.([A-Z0-9$%'\-_@~`!(){}^#&]{1,3}))?$/;

/**
 * Says why a name cannot stand in a FAT filesystem.
 * @returns undefined if it can
 */
export function faultOfName(name: string): string | undefined {
  if (name.length > longest) return `it has more than ${longest} characters`;
  const [character] = forbidden.exec(name) ?? [];
  if (character !== undefined) return `it has the character ${JSON.stringify(character)}`;
  if (name === '' || /[. ]$/.test(name)) return 'it ends with a dot or a space';
  return undefined;
}

/** What two names have in common that a FAT filesystem takes for one. */
export function foldedName(name: string): string {
  return [...name].map(upperCase).join('');
}

/** Character for character, as drivers do it. */
function upperCase(character: string): string {
  const upper = character.toUpperCase();
  return upper.length === character.length ? upper : character;
}

/** A name as its directory entries have it. */
export interface FatName {
  /** 11 bytes: eight of the name, three of its extension, padded with spaces. */
  short: string;
  /** Undefined where the short name says it all. */
  long?: string;
}

/**
 * Gives each name of a directory a short one that no other has.
 * @param names without faults, no two alike for {@link foldedName}; their order decides who gets which
 */
export function fatNames(names: readonly string[]): Map<string, FatName> {
  const given = new Map<string, FatName>();
  const taken = new Set<string>();
  for (const name of names) {
    const match = shortName.exec(asciiUpperCase(name));
    if (match === null) continue;
    const short = padded(match[1] ?? '', match[2] ?? '');
    taken.add(short);
    given.set(name, name === asciiUpperCase(name) ? { short } : { short, long: name });
  }
  const numbered = numberedNames(taken);
  for (const name of names) if (!given.has(name)) given.set(name, { short: numbered(basisName(name)), long: name });
  return given;
}

/** Digits of the largest number: a directory has fewer entries. */
const mostDigits = 5;

/**
 * "The numeric-tail generation algorithm": gives short names with the lowest numbers that are free. For each beginning it
 * remembers where to go on: many thousands of names that begin alike would be tried one after the other otherwise.
 * @param taken short names, to which those that are given are added
 */
function numberedNames(taken: Set<string>): (basis: { stem: string; extension: string }) => string {
  const next = new Map<string, number>();
  return ({ stem, extension }) => {
    for (let digits = 1; digits <= mostDigits; digits++) {
      const begin = `${stem.slice(0, 8 - 1 - digits)}~`;
      const key = `${digits} ${padded(begin, extension)}`;
      const end = 10 ** digits;
      for (let number = next.get(key) ?? 10 ** (digits - 1); number < end; number++) {
        next.set(key, number + 1);
        const short = padded(`${begin}${number}`, extension);
        if (taken.has(short)) continue;
        taken.add(short);
        return short;
      }
    }
    throw new RangeError('more names than a directory can hold');
  };
}

/** "The basis-name generation algorithm": what of a name a short one can hold. */
function basisName(name: string): { stem: string; extension: string } {
  const upper = asciiUpperCase(name).replaceAll(' ', '').replace(/^\.+/, '');
  const dot = upper.lastIndexOf('.');
  const [stem, extension] = dot === -1 ? [upper, ''] : [upper.slice(0, dot).replaceAll('.', ''), upper.slice(dot + 1)];
  const permitted = (text: string) => [...text].map((one) => (shortCharacter.test(one) ? one : '_')).join('');
  return { stem: permitted(stem).slice(0, 8), extension: permitted(extension).slice(0, 3) };
}

function padded(stem: string, extension: string): string {
  return stem.padEnd(8) + extension.padEnd(3);
}

function asciiUpperCase(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
