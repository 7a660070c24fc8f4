import { access } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type CosaError, usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { readText } from '../../lib/text-file.ts';
import type { RepositoryFile } from '../backend.ts';
import { keyringPackage } from '../distributions.ts';
import { type ControlField, type ControlParagraph, fieldOf, parseControl, wordsOf } from './control.ts';

/** One paragraph of a repository file, with variables substituted and keys found. */
export interface DebSource {
  /** The repository's name in the config. */
  repository: string;
  /** Base addresses, each with a final slash. */
  uris: readonly string[];
  /** For apt: the paragraph's fields, ready to be written. */
  fields: readonly { name: string; value: string }[];
}

/** What apt's man page lists, less what would turn signatures off. */
const knownFields = [
  'Enabled',
  'Types',
  'URIs',
  'Suites',
  'Components',
  'Architectures',
  'Signed-By',
  'Check-Valid-Until',
  'Check-Date',
  'Valid-Until-Min',
  'Valid-Until-Max',
  'By-Hash',
  'Snapshot',
];
const refusedFields = ['Trusted', 'Allow-Insecure', 'Allow-Weak', 'Allow-Downgrade-To-Insecure'];
const schemes = ['http:', 'https:', 'file:', 'copy:'];

/** Gives the value of `${name}`, or `undefined`. Asked for what a file uses, and for nothing else. */
export type VariableLookup = (name: string) => Promise<string | undefined>;

/**
 * Reads the `NAME.sources` files of a request. Paragraphs that are not enabled are left out.
 * @throws CosaError (exit 2) `CONTROL_SYNTAX`, `REPOSITORY_INVALID`, `REPOSITORY_UNTRUSTED`, `REPOSITORY_KEY_MISSING`, each with its line
 */
export async function readSources(files: readonly RepositoryFile[], lookup: VariableLookup): Promise<DebSource[]> {
  const sources: DebSource[] = [];
  for (const file of files) {
    for (const paragraph of parseControl(file.text ?? (await readText(file.path)), file.path)) {
      const source = await readParagraph(paragraph, file, lookup);
      if (source !== undefined) sources.push(source);
    }
  }
  return sources;
}

async function readParagraph(
  paragraph: ControlParagraph,
  file: RepositoryFile,
  lookup: VariableLookup,
): Promise<DebSource | undefined> {
  for (const field of paragraph.fields) checkField(field, file);
  if (/^(no|false|off|0)$/i.test(fieldOf(paragraph, 'Enabled') ?? 'yes')) return undefined;
  for (const name of ['Types', 'URIs', 'Suites']) {
    if (fieldOf(paragraph, name) === undefined) {
      throw usageError('REPOSITORY_INVALID', `this repository has no field "${name}"`, {
        where: { file: file.path, line: paragraph.line },
      });
    }
  }
  const fields: { name: string; value: string }[] = [];
  for (const field of paragraph.fields) {
    const substituted = await substitute(field, file, lookup);
    fields.push({ name: field.name, value: await absoluteKey({ ...field, value: substituted }, file) });
  }
  const uris = wordsOf(fieldValue(fields, 'URIs')).map((uri) => checkedUri(uri, paragraph, file));
  return { repository: file.name, uris, fields };
}

function checkField(field: ControlField, file: RepositoryFile): void {
  const where = { file: file.path, line: field.line };
  const same = (name: string) => name.toLowerCase() === field.name.toLowerCase();
  if (refusedFields.some(same)) {
    throw usageError(
      'REPOSITORY_UNTRUSTED',
      `"${field.name}" is refused: the signatures of repositories are always checked`,
      {
        where,
        hint: "name the repository's public key with Signed-By",
      },
    );
  }
  if (knownFields.some(same) || /^X-/i.test(field.name)) return;
  const [near] = nearest(field.name, knownFields);
  throw usageError('REPOSITORY_INVALID', `"${field.name}" is not a field of a repository`, {
    where,
    hint: near === undefined ? `known fields: ${knownFields.join(', ')}` : `did you mean "${near}"?`,
  });
}

async function substitute(field: ControlField, file: RepositoryFile, lookup: VariableLookup): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const match of field.value.matchAll(/\$\{([^}]*)\}/g)) {
    const value = await lookup(match[1] ?? '');
    if (value === undefined) {
      throw usageError('REPOSITORY_INVALID', `${match[0]} has no value`, {
        where: { file: file.path, line: field.line },
        hint: `give it one in the manifest: "variables: {${match[1]}: …}"`,
      });
    }
    parts.push(field.value.slice(end, match.index), value);
    end = match.index + match[0].length;
  }
  return parts.join('') + field.value.slice(end);
}

/** `Signed-By` may name a file beside the repository file, an absolute one, a fingerprint, or hold the key itself. */
async function absoluteKey(field: ControlField, file: RepositoryFile): Promise<string> {
  if (field.name.toLowerCase() !== 'signed-by' || field.value.includes('\n')) return field.value;
  const words = wordsOf(field.value.replaceAll(',', ' '));
  const keys = await Promise.all(
    words.map(async (word) => {
      if (/^[0-9A-Fa-f]{40}!?$/.test(word)) return word;
      const path = isAbsolute(word) ? word : resolve(dirname(file.path), word);
      try {
        await access(path);
      } catch (cause) {
        throw keyMissing(path, { file: file.path, line: field.line }, cause);
      }
      return path;
    }),
  );
  return keys.join(' ');
}

function keyMissing(path: string, where: { file: string; line: number }, cause: unknown): CosaError {
  const holder = keyringPackage(path);
  return usageError('REPOSITORY_KEY_MISSING', `the repository's key ${path} cannot be read`, {
    where,
    hint:
      holder === undefined
        ? 'put the key beside this file and name it without a directory'
        : `apt-get install ${holder}`,
    cause,
  });
}

function checkedUri(uri: string, paragraph: ControlParagraph, file: RepositoryFile): string {
  const scheme = URL.canParse(uri) ? new URL(uri).protocol : undefined;
  if (scheme === undefined || !schemes.includes(scheme)) {
    throw usageError('REPOSITORY_INVALID', `"${uri}" is not an address that packages can be fetched from`, {
      where: {
        file: file.path,
        line: paragraph.fields.find(({ name }) => name.toLowerCase() === 'uris')?.line ?? paragraph.line,
      },
      hint: `one that begins with ${schemes.join(', ')}`,
    });
  }
  return uri.endsWith('/') ? uri : `${uri}/`;
}

function fieldValue(fields: readonly { name: string; value: string }[], name: string): string | undefined {
  return fields.find((field) => field.name.toLowerCase() === name.toLowerCase())?.value;
}
