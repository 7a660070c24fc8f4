import { CosaError, type SourcePosition, usageError } from '../../lib/errors.ts';

/** One field of a paragraph. */
export interface ControlField {
  /** As written; compare without case. */
  name: string;
  /** Without the leading blank; continuation lines keep their indentation, joined by `\n`. */
  value: string;
  /** Line of the field's name, counted from 1. */
  line: number;
}

/** A paragraph ("stanza") of a deb822 file. */
export interface ControlParagraph {
  fields: readonly ControlField[];
  /** Line of the first field, counted from 1. */
  line: number;
}

/**
 * Parses deb822 text: `dpkg`'s status file, a package's control file, apt's `NAME.sources`. Comments are dropped.
 * @param file how errors name the text
 * @throws CosaError `CONTROL_SYNTAX` (exit 2) with the line
 * @see https://manpages.debian.org/deb822
 */
export function parseControl(text: string, file: string): ControlParagraph[] {
  const paragraphs: ControlParagraph[] = [];
  let fields: ControlField[] = [];
  const finish = () => {
    const first = fields[0];
    if (first !== undefined) paragraphs.push({ fields, line: first.line });
    fields = [];
  };
  text.split('\n').forEach((raw, index) => {
    const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const line = index + 1;
    if (text.startsWith('#')) return;
    if (text.trim() === '') {
      finish();
      return;
    }
    if (text.startsWith(' ') || text.startsWith('\t')) {
      const last = fields.at(-1);
      if (last === undefined) throw syntaxError('a continuation line without a field before it', { file, line });
      last.value += `\n${text}`;
      return;
    }
    const match = /^([!-9;-~]+):[ \t]*(.*?)[ \t]*$/.exec(text);
    if (match === null)
      throw syntaxError(`"${text.slice(0, 60)}" is not a field: expected "Name: value"`, { file, line });
    const [, name = '', value = ''] = match;
    if (fields.some((field) => sameName(field.name, name))) {
      throw syntaxError(`the field "${name}" stands twice in one paragraph`, { file, line });
    }
    fields.push({ name, value, line });
  });
  finish();
  return paragraphs;
}

/** Writes paragraphs so that {@link parseControl} reads the same fields again. */
export function formatControl(paragraphs: readonly { fields: readonly { name: string; value: string }[] }[]): string {
  return paragraphs
    .map(({ fields }) => fields.map(({ name, value }) => `${name}:${formatValue(value)}\n`).join(''))
    .join('\n');
}

/** A value that begins on the next line has no blank behind the colon. */
function formatValue(value: string): string {
  return value === '' || value.startsWith('\n') ? value : ` ${value}`;
}

/** A field's value, or `undefined`. */
export function fieldOf(paragraph: ControlParagraph, name: string): string | undefined {
  return paragraph.fields.find((field) => sameName(field.name, name))?.value;
}

/**
 * A field's value.
 * @param what how the error names the paragraph's origin
 * @throws CosaError `CONTROL_FIELD_MISSING`
 */
export function requiredField(paragraph: ControlParagraph, name: string, what: string): string {
  const value = fieldOf(paragraph, name);
  if (value === undefined || value === '') {
    throw new CosaError('CONTROL_FIELD_MISSING', `${what} has no field "${name}"`);
  }
  return value;
}

/** The words of a value. */
export function wordsOf(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

/** The source package of a binary package: its `Source` without the version, or its own name. */
export function sourceOf(paragraph: ControlParagraph, name: string): string {
  return wordsOf(fieldOf(paragraph, 'Source'))[0] ?? name;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function syntaxError(message: string, where: SourcePosition): CosaError {
  return usageError('CONTROL_SYNTAX', message, { where });
}
