import type { MergedKeyTable } from '../key-table.ts';
import { scalarMap, text, textOrNumber } from '../value-types.ts';

/** What the system is, and what its builds are called. */
export const identityKeys = {
  metadata: {
    type: scalarMap,
    merge: 'map',
    family: 'any',
    description:
      'What the system is: `name` (short, used in file names and labels) and `summary`; other names are yours.',
    example: '{name: debian-coreos, summary: Debian CoreOS}',
    default: {},
  },
  rojig: {
    type: scalarMap,
    merge: 'map',
    family: 'any',
    description: 'The former name of `metadata`, still read where that does not say.',
    example: '{name: fedora-coreos, summary: Fedora CoreOS}',
    default: {},
  },
  variables: {
    type: scalarMap,
    merge: 'map',
    family: 'any',
    description:
      'Names for `${…}` in other values and for conditions. `basearch` and `releasever` are always there. `stream` names the update stream.',
    example: '{stream: stable, debug: false}',
    default: {},
  },
  releasever: {
    type: textOrNumber,
    merge: 'replace',
    family: 'any',
    description: "The release of the packages' distribution, and the variable of that name.",
    example: '"13"',
  },
  ref: {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The ostree ref that the system would have in a repository.',
    example: 'debian/${basearch}/coreos/${stream}',
    unread: { because: 'containers are found by their tags' },
  },
  'automatic-version-prefix': {
    type: text,
    merge: 'replace',
    family: 'any',
    description:
      "The version's first part; a dot and a number follow, one higher than the previous build's if that had the same prefix. `<date:%Y%m%d>` stands for the build's date.",
    example: '"${releasever}.<date:%Y%m%d>"',
  },
  'mutate-os-release': {
    type: textOrNumber,
    merge: 'replace',
    family: 'any',
    description: 'The text in os-release that becomes the version of the build.',
    example: '"${releasever}"',
  },
  'add-commit-metadata': {
    type: scalarMap,
    merge: 'map',
    family: 'any',
    description: 'Further metadata of the ostree commit.',
    example: '{example.stream: "${stream}"}',
    default: {},
  },
} as const satisfies MergedKeyTable;
