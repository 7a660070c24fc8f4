// https://www.rfc-editor.org/rfc/rfc8259: white space, then one token.
const space = /[ \t\n\r]*/y;
const token = /[{}[\],:"]|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
/** Not a whole string: for one of many megabytes, the engine would run out of stack. */
const partOfString = /[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end';

/**
 * Where a text stops being JSON: line and column, from 1, of the first token that cannot stand there. `JSON.parse`
 * itself says it for some errors only, and quotes the text, which may hold secrets.
 * @returns `undefined` if the text is JSON
 */
export function jsonErrorPosition(text: string): { line: number; column: number } | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  for (let isWhole = false; ; ) {
    position += matchAt(space, text, position).length;
    if (isWhole) return position === text.length ? undefined : lineAndColumn(text, position);
    const found = tokenAt(text, position);
    const next = after(found, expected, open);
    if (next === undefined) return lineAndColumn(text, position);
    position += found.length;
    if (next === 'comma or end' && open.length === 0) isWhole = true;
    expected = next;
  }
}

function tokenAt(text: string, position: number): string {
  const found = matchAt(token, text, position);
  if (found !== '"') return found;
  let end = position + 1;
  for (let part = ' '; part !== ''; end += part.length) part = matchAt(partOfString, text, end);
  return text[end] === '"' ? text.slice(position, end + 1) : '';
}

function matchAt(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? '';
}

/** What may follow a token, or `undefined` if it may not stand here. Keeps `open`, the stack of brackets. */
function after(found: string, expected: Expected, open: ('{' | '[')[]): Expected | undefined {
  const inside = open.at(-1);
  switch (found) {
    case '':
      return undefined;
    case '{':
    case '[':
      if (!expected.startsWith('value')) return undefined;
      open.push(found);
      return found === '{' ? 'key or end' : 'value or end';
    case '}':
    case ']':
      if (!expected.endsWith('or end') || inside !== (found === '}' ? '{' : '[')) return undefined;
      open.pop();
      return 'comma or end';
    case ',':
      if (expected !== 'comma or end') return undefined;
      return inside === '{' ? 'key' : 'value';
    case ':':
      return expected === 'colon' ? 'value' : undefined;
    default:
      if (expected.startsWith('key')) return found.startsWith('"') ? 'colon' : undefined;
      return expected.startsWith('value') ? 'comma or end' : undefined;
  }
}

function lineAndColumn(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position);
  return { line: before.split('\n').length, column: position - before.lastIndexOf('\n') };
}
