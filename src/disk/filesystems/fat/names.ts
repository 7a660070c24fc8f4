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
  const next = new Map<string, number>();
  for (const name of names) {
    if (given.has(name)) continue;
    const { stem, extension } = basisName(name);
    const basis = padded(stem, extension);
    for (let number = next.get(basis) ?? 1; ; number++) {
      const tail = `~${number}`;
      const short = padded(stem.slice(0, 8 - tail.length) + tail, extension);
      if (taken.has(short)) continue;
      taken.add(short);
      next.set(basis, number + 1);
      given.set(name, { short, long: name });
      break;
    }
  }
  return given;
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
