import { z } from 'zod';
import type { Json } from '../lib/canonical-json.ts';
import type { ValueType } from './key-table.ts';

/** Names an ad-hoc schema for the reference. */
export function valueType<Schema extends z.ZodType>(description: string, schema: Schema): ValueType<Schema> {
  return { description, schema };
}

const nonEmpty = z.string().min(1, { error: 'must not be empty' });

export const text = valueType('string', nonEmpty);
export const flag = valueType('true or false', z.boolean());
export const textList = valueType('list of strings', z.array(nonEmpty));
export const textMap = valueType('map of strings', z.record(z.string(), z.string()));

/** Of lists in which an empty string has its meaning, or none that hurts. */
export const anyTextList = valueType('list of strings', z.array(z.string()));
/** A string for which the same is true. */
export const anyText = valueType('string', z.string());

/** Values between which `${…}`, conditions and rpm-ostree tell no more than these kinds. */
const natural = z.int().nonnegative({ error: 'must not be negative' });

/** Of a release: `41` and `"41"` are two values to a condition. */
export const textOrNatural = valueType(
  'string or whole number',
  z.union([nonEmpty, natural], { error: 'must be a string or a whole number' }),
);

/** What must not stand in the value of a variable: it would be substituted itself. */
export const variableText = /^[^${}]*$/;
const variable = z.union([z.string().regex(variableText, { error: 'must not hold $, { or }' }), z.boolean(), natural], {
  error: 'must be a string without $, { and }, a whole number, true or false',
});
export const variableMap = valueType(
  'map of strings, whole numbers, true or false',
  z.record(z.string().regex(variableText, { error: 'must not hold $, { or }' }), variable),
);

const json = z.custom<Json>(() => true);
export const anyMap = valueType('map', z.record(z.string(), json));

const textOrList = z
  .union([nonEmpty, z.array(nonEmpty)], { error: 'must be a string or a list of strings' })
  .transform((value) => (typeof value === 'string' ? [value] : value));
export const oneOrMore = valueType('string or list of strings', textOrList);

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return oneOf(z.enum(words));
}

/** As {@link choice}, for words that are defined elsewhere. */
export function oneOf<Schema extends z.ZodEnum>(schema: Schema): ValueType<Schema> {
  return valueType(schema.options.map((word) => `\`${word}\``).join(' or '), schema);
}

/** As {@link choice}, where some words have a second spelling. */
export function choiceWithSpellings<const Words extends readonly [string, ...string[]]>(
  words: Words,
  spellings: Readonly<Record<string, Words[number]>>,
) {
  const known = z.enum([...words, ...Object.keys(spellings)] as [string, ...string[]]);
  return valueType(
    words.map((word) => `\`${word}\``).join(' or '),
    known.transform((word) => (spellings[word] ?? word) as Words[number]),
  );
}
