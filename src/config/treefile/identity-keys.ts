import { z } from 'zod';
import type { MergedKeyTable } from '../key-table.ts';
import { anyMap, anyText, text, textOrNatural, valueType, variableMap } from '../value-types.ts';

const rojig = valueType(
  'map with `name`, `summary`, `license` and perhaps `description`',
  z.object({ name: z.string(), summary: z.string(), license: z.string(), description: z.string().nullish() }),
);

const suffix = valueType(
  'one character',
  z.string().regex(/^[\0-\x7f]$/, { error: 'must be exactly one ASCII character' }),
);

/** What the system is, and what its builds are called. */
export const identityKeys = {
  metadata: {
    type: anyMap,
    merge: 'map',
    family: 'any',
    description:
      'What the system is: `name` (short, used in file names and labels) and `summary`; other names are yours, with any value.',
    example: '{name: debian-coreos, summary: Debian CoreOS}',
    default: {},
    substituted: true,
  },
  rojig: {
    type: rojig,
    merge: 'replace',
    family: 'any',
    description: 'The former name of `metadata`, still read where that does not say.',
    example: '{name: fedora-coreos, summary: Fedora CoreOS, license: MIT}',
    substituted: ['name', 'summary', 'description'],
  },
  variables: {
    type: variableMap,
    merge: 'map',
    family: 'any',
    description:
      'Names for `${…}` in other values and for conditions. `basearch` and, where it is set, `releasever` are there anyway, and cannot be set here. `stream` names the update stream.',
    example: '{stream: stable, debug: false}',
    default: {},
  },
  releasever: {
    type: textOrNatural,
    merge: 'replace',
    family: 'any',
    description: "The release of the packages' distribution, and the variable of that name.",
    example: '"13"',
  },
  basearch: {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The architecture that the config is for: a build for another one fails.',
    example: 'x86_64',
  },
  edition: {
    type: valueType('`"2014"` or `"2024"`', z.enum(['2014', '2024'])),
    merge: 'replace',
    family: 'any',
    description:
      'The treefile edition: with `"2024"`, `boot-location` is `modules` and `tmp-is-dir` is true, unless the same file says otherwise.',
    example: '"2024"',
    unread: { because: 'all systems are as edition "2024" has them', unless: ['2024'] },
  },
  ref: {
    type: anyText,
    merge: 'replace',
    family: 'any',
    description: 'The ostree ref that the system would have in a repository.',
    example: 'debian/${basearch}/coreos/${stream}',
    substituted: true,
    unread: { because: 'containers are found by their tags' },
  },
  'automatic-version-prefix': {
    type: text,
    merge: 'replace',
    family: 'any',
    description:
      "The version's first part. `<date:%Y%m%d>` stands for the build's date, in the fields of strftime. A dot and a number follow, which counts from 0 where there is a date; else the first version is the prefix alone, and the number counts from 1.",
    example: '"${releasever}.<date:%Y%m%d>"',
    substituted: true,
    formerly: ['automatic_version_prefix'],
  },
  'automatic-version-suffix': {
    type: suffix,
    merge: 'replace',
    family: 'any',
    description: 'The character that stands between prefix and number, instead of the dot.',
    example: '"-"',
  },
  'mutate-os-release': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The text in os-release that becomes the version of the build.',
    example: '"${releasever}"',
    substituted: true,
  },
  'add-commit-metadata': {
    type: anyMap,
    merge: 'map',
    family: 'any',
    description: 'Further metadata of the ostree commit.',
    example: '{example.stream: "${stream}"}',
    default: {},
    substituted: true,
  },
} as const satisfies MergedKeyTable;
