import { printable } from '../../../lib/printable.ts';

const markup = Symbol('markup');

/** HTML that is safe to send: made by {@link html} alone, which escapes all that is not. */
export interface Html {
  readonly [markup]: string;
}

const address = Symbol('address');

/** An address that a page may link to: made by `markup/address.ts` alone. */
export interface Address {
  readonly [address]: string;
}

/** What may stand in a template. Texts and numbers are escaped; `undefined` is nothing. */
export type Content = Html | string | number | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Nearly all texts are of these alone, and stand for themselves. */
const plain = /^[\w .,:;/+~@()[\]{}=#%!?*|-]*$/;

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Text of one line, in an element or between quotes: what is hidden in it, or turns it around, becomes visible. */
function escapeText(text: string): string {
  return plain.test(text) ? text : escapeMarkup(printable(text));
}

/** Attributes that a browser follows, or runs: a value in them is an {@link Address}. */
const addressed = /[\s"'](?:href|src|xlink:href|action|formaction|data|poster|srcset)\s*=\s*"[^"]*$/i;

/** Where escaping does not help: a name of an element or attribute, a value without double quotes, a script, a style. */
const unsafe = [
  /<\/?[^\s<>"]*$/,
  /=\s*$/,
  /=\s*'[^']*$/,
  /<[^<>"]+\s[^\s=<>"]*$/,
  /[\s"']on\w+\s*=\s*"[^"]*$/i,
  /[\s"']style\s*=\s*"[^"]*$/i,
  /<(?:script|style)\b[^<]*$/i,
  /<!--(?:(?!-->)[\s\S])*$/,
] as const;

const checked = new WeakSet<TemplateStringsArray>();

/** @throws Error for a template of ours that has a value where escaping does not help */
function checkTemplate(parts: TemplateStringsArray): void {
  if (checked.has(parts)) return;
  for (const part of parts.slice(0, -1)) {
    if (unsafe.some((place) => place.test(part))) {
      throw new Error(`a value cannot stand behind ${JSON.stringify(part.slice(-40))}`);
    }
  }
  checked.add(parts);
}

/**
 * A template of HTML or SVG in which every value is escaped. Values stand in text or in attributes between double quotes, and in
 * those that a browser follows only as an {@link Address}.
 * @throws Error for a template of ours that is none of this
 */
export function html(parts: TemplateStringsArray, ...values: readonly (Content | Address)[]): Html {
  checkTemplate(parts);
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) {
    const before = parts[index] ?? '';
    text += (isAddress(value) ? escapeMarkup(value[address]) : contentText(value, before)) + (parts[index + 1] ?? '');
  }
  return { [markup]: text };
}

function contentText(content: Content, before: string): string {
  if (addressed.test(before)) throw new Error(`only an address can stand behind ${JSON.stringify(before.slice(-40))}`);
  return textOf(content);
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  if (markup in content) return content[markup];
  let text = '';
  for (const part of content) text += textOf(part);
  return text;
}

function isAddress(value: Content | Address): value is Address {
  return typeof value === 'object' && address in value;
}

/** For `markup/address.ts`: says that an address is safe to follow. */
export function asAddress(text: string): Address {
  return { [address]: text };
}

/** Text of several lines, such as a log's: line ends and tabs stay, all else is as in {@link html}. */
export function preformatted(text: string): Html {
  const lines = text.split('\n').map((line) => line.split('\t').map(escapeText).join('\t'));
  return { [markup]: lines.join('\n') };
}

/** The document's text. */
export function htmlText(document: Html): string {
  return document[markup];
}
