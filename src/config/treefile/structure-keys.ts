import { z } from 'zod';
import type { KeyTable } from '../key-table.ts';
import { oneOrMore, valueType } from '../value-types.ts';

const conditionalIncludes = valueType(
  'list of maps with `if` (a condition, or a list of which all must hold) and `include` (files, or keys)',
  z.array(
    z.object({
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
    description:
      'Treefiles to build upon, relative to this file. `.yaml` and `.yml` are YAML, `.ks` a kickstart of which `%packages` counts, all others JSON.',
    example: '[manifests/base.yaml, manifests/containers.yaml]',
  },
  'arch-include': {
    type: valueType('map of architecture to string or list of strings', z.record(z.string(), oneOrMore.schema)),
    family: 'any',
    description: 'As `include`, for one architecture each. Files of other architectures need not be there.',
    example: '{x86_64: manifests/grub.yaml}',
  },
  'conditional-include': {
    type: conditionalIncludes,
    family: 'any',
    description:
      'As `include`, if conditions on variables hold: those of this file, of the files that include it, and of files that were read before. Operators: `==`, `!=`, and for numbers `>=`, `<=`, `>`, `<`; values: strings in double quotes, whole numbers, true, false, of the same kind as the variable. Instead of files, keys may stand right here: they are weaker than those of the file itself, and stronger than those of all files that it includes.',
    example: '[{if: stream != "stable", include: manifests/debug.yaml}]',
  },
} as const satisfies KeyTable;
