/** An element of a small XML document. */
export interface XmlElement {
  /** As it is written, without the prefix of its namespace. */
  name: string;
  /** By name with its prefix. */
  attributes: ReadonlyMap<string, string>;
  children: readonly XmlElement[];
  /** The text that stands in it directly, without blanks at its ends. */
  text: string;
}

/** What a document may have at most: it may be a stranger's. */
export interface XmlBounds {
  characters: number;
  elements: number;
  depth: number;
}

const usualBounds: XmlBounds = { characters: 8 << 20, elements: 100_000, depth: 32 };

/** A text that is no XML, or that goes beyond the bounds; the message is a clause. */
export class InvalidXmlError extends Error {}

interface OpenElement {
  name: string;
  attributes: Map<string, string>;
  children: XmlElement[];
  texts: string[];
}

const nameCharacters = '[^\\s<>/=\'"!?&]{1,256}';
const tag = new RegExp(
  `<(?:!--(?:(?!-->)[^])*-->|\\?(?:(?!\\?>)[^])*\\?>|!\\[CDATA\\[((?:(?!\\]\\]>)[^])*)\\]\\]>|/(${nameCharacters})\\s*>|(${nameCharacters})((?:\\s+${nameCharacters}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>)`,
  'y',
);
const attribute = new RegExp(`(${nameCharacters})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'g');

/**
 * Reads a small XML document as a tree. No document type, and so no entities but the five of XML and numbers: what a stranger
 * wrote cannot grow.
 * @throws InvalidXmlError
 * @see https://www.w3.org/TR/xml/
 */
export function parseXml(text: string, bounds: XmlBounds = usualBounds): XmlElement {
  if (text.length > bounds.characters) throw new InvalidXmlError(`it has more than ${bounds.characters} characters`);
  const document: OpenElement = { name: '', attributes: new Map(), children: [], texts: [] };
  const open = [document];
  let elements = 0;
  let position = text.startsWith('\ufeff') ? 1 : 0;
  while (position < text.length) {
    const parent = open.at(-1) ?? document;
    const next = text.indexOf('<', position);
    const end = next < 0 ? text.length : next;
    if (end > position) parent.texts.push(unescapeXml(text.slice(position, end)));
    if (next < 0) break;
    tag.lastIndex = next;
    const match = tag.exec(text);
    if (match === null) throw new InvalidXmlError(`what stands at character ${next + 1} is no element`);
    position = tag.lastIndex;
    const [, data, closed, opened, attributes = '', isEmpty] = match;
    if (data !== undefined) parent.texts.push(data);
    if (closed !== undefined) {
      if (open.length === 1 || parent.name !== closed) throw new InvalidXmlError(`</${closed}> closes nothing`);
      open.pop();
      (open.at(-1) ?? document).children.push(finished(parent));
    }
    if (opened === undefined) continue;
    elements += 1;
    if (elements > bounds.elements) throw new InvalidXmlError(`it has more than ${bounds.elements} elements`);
    const element = { name: opened, attributes: attributesOf(attributes), children: [], texts: [] };
    if (isEmpty === '/') parent.children.push(finished(element));
    else open.push(element);
    if (open.length > bounds.depth) throw new InvalidXmlError(`its elements are deeper than ${bounds.depth}`);
  }
  const [root, second] = document.children;
  if (open.length > 1) throw new InvalidXmlError(`<${open.at(-1)?.name ?? ''}> is not closed`);
  if (root === undefined || second !== undefined || document.texts.some((piece) => piece.trim() !== '')) {
    throw new InvalidXmlError('it is not one element');
  }
  return root;
}

/** The elements of a name within another. */
export function childrenNamed(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The text of the first element of a name within another. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

function finished({ name, attributes, children, texts }: OpenElement): XmlElement {
  return { name: name.slice(name.indexOf(':') + 1), attributes, children, text: texts.join('').trim() };
}

function attributesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', double, single] of text.matchAll(attribute)) {
    if (found.has(name)) throw new InvalidXmlError(`an element has ${name} twice`);
    found.set(name, unescapeXml(double ?? single ?? ''));
  }
  return found;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&([^;&]{0,12};?)/g, (whole, reference: string) => {
    const name = reference.replace(/;$/, '');
    const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name) ?? [];
    const code = hexadecimal === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hexadecimal, 16);
    const character = Number.isNaN(code) || code > 0x10ffff ? entities[name] : String.fromCodePoint(code);
    if (character === undefined || !reference.endsWith(';')) throw new InvalidXmlError(`${whole} stands for nothing`);
    return character;
  });
}
