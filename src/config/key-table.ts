import { z } from 'zod';
import type { Json } from '../lib/canonical-json.ts';

/** A kind of value: how it is checked, and how the reference describes it. */
export interface ValueType<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly description: string;
}

/**
 * What becomes of a key that several files of an include tree set:
 * - `replace`: the strongest file's value alone counts;
 * - `append`: the lists follow each other, the weakest file's first;
 * - `set`: as `append`, sorted, and what stands twice counts once;
 * - `joined`: the strongest file's list, then what each weaker one has besides; what stands twice in one file stays;
 * - `map`: the maps become one; where a name stands twice, the strongest file's value counts.
 */
export type MergeRule = 'replace' | 'append' | 'set' | 'joined' | 'map';

/** One key of a configuration file. Schema, merging, errors and the reference derive from it. */
export interface KeyDefinition {
  readonly type: ValueType;
  /** None for a key that concerns its own file alone. */
  readonly merge?: MergeRule;
  /** Package families that the key has an effect on. The others accept it, so that a config can serve both. */
  readonly family: 'any' | 'rpm' | 'deb';
  /** One or two sentences for the reference. */
  readonly description: string;
  /** YAML of the value, as it stands behind the key. */
  readonly example: string;
  /** The value where no file sets the key. */
  readonly default?: Json;
  /** For a key that nothing reads: a config that sets it is warned. */
  readonly unread?: {
    /** Why it has no effect, as a clause. */
    readonly because: string;
    /** Values that say what happens anyway: nobody is warned of those. */
    readonly unless?: readonly Json[];
    /** The package family that reads it all the same. */
    readonly butFor?: 'rpm' | 'deb';
  };
  /** Where `${…}` stands for a variable: in the string, or in each string of the map; or in these of its members alone. */
  readonly substituted?: true | readonly string[];
  /** Former spellings, still read; a file that has two of them is wrong. */
  readonly formerly?: readonly string[];
}

export type KeyTable = Readonly<Record<string, KeyDefinition>>;

/** A table of keys that several files may set. */
export type MergedKeyTable = Readonly<Record<string, KeyDefinition & { readonly merge: MergeRule }>>;

/** What one file may set: any of the table's keys. */
export type FileValues<Table extends KeyTable> = {
  -readonly [Key in keyof Table]?: z.output<Table[Key]['type']['schema']>;
};

/** The values after merging: keys with a default are always there. */
export type MergedValues<Table extends KeyTable> = {
  readonly [Key in keyof Table as Table[Key] extends { default: unknown } ? Key : never]: z.output<
    Table[Key]['type']['schema']
  >;
} & {
  readonly [Key in keyof Table as Table[Key] extends { default: unknown } ? never : Key]?: z.output<
    Table[Key]['type']['schema']
  >;
};

/** The schema of one file with a table's keys, all optional; any other key is an error. */
export function fileSchema(table: KeyTable): z.ZodObject<Record<string, z.ZodOptional<z.ZodType>>, z.core.$strict> {
  return z.strictObject(
    Object.fromEntries(Object.entries(table).map(([name, key]) => [name, z.optional(key.type.schema)])),
  );
}
