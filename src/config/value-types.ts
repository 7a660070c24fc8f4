import { z } from 'zod';
import type { ValueType } from './key-table.ts';

/** Names an ad-hoc schema for the reference. */
export function valueType<Schema extends z.ZodType>(description: string, schema: Schema): ValueType<Schema> {
  return { description, schema };
}

const nonEmpty = z.string().min(1, { error: 'must not be empty' });

export const text = valueType('string', nonEmpty);
export const flag = valueType('true or false', z.boolean());
export const textList = valueType('list of strings', z.array(nonEmpty));
export const naturalNumber = valueType('whole number', z.int().nonnegative({ error: 'must not be negative' }));
export const textMap = valueType('map of strings', z.record(z.string(), nonEmpty));

/** YAML reads `41` and `"41"` differently; people mean the same. */
export const textOrNumber = valueType(
  'string or number',
  z.union([nonEmpty, z.number()], { error: 'must be a string or a number' }).transform(String),
);

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be a string, a number, true or false',
});
export const scalarMap = valueType('map of strings, numbers, true or false', z.record(z.string(), scalar));

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
