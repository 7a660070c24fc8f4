import { z } from 'zod';
import { architectureNames } from '../../lib/architecture.ts';
import type { KeyTable } from '../key-table.ts';
import { oneOrMore, valueType } from '../value-types.ts';

const conditionalIncludes = valueType(
  'list of maps with `if` (a condition, or a list of which all must hold) and `include` (files, or keys)',
  z.array(
    z.strictObject({
      if: oneOrMore.schema,
      include: z.union([z.string().min(1), z.array(z.string().min(1)), z.record(z.string(), z.unknown())], {
        error: 'must be a file, a list of files, or a map of keys',
      }),
    }),
  ),
);

/** Keys that build the include tree. They are used up while it is read: the flattened treefile has none of them. */
export const structureKeys = {
  include: {
    type: oneOrMore,
    family: 'any',
    description: 'Treefiles to build upon, relative to this file.',
    example: '[manifests/base.yaml, manifests/containers.yaml]',
  },
  'arch-include': {
    type: valueType(
      'map of architecture to string or list of strings',
      z.partialRecord(z.enum(architectureNames), oneOrMore.schema),
    ),
    family: 'any',
    description: 'As `include`, for one architecture each.',
    example: '{x86_64: manifests/grub.yaml}',
  },
  'conditional-include': {
    type: conditionalIncludes,
    family: 'any',
    description:
      'As `include`, if conditions on variables hold. Operators: `==`, `!=`, `>=`, `<=`, `>`, `<`; values: quoted strings, numbers, true, false. Instead of files, keys may stand right here.',
    example: '[{if: stream != "stable", include: manifests/debug.yaml}]',
  },
} as const satisfies KeyTable;
