import { z } from 'zod';
import type { MergedKeyTable } from '../key-table.ts';
import { choice, flag, naturalNumber, textList, textMap, textOrNumber, valueType } from '../value-types.ts';

/** What only the rpm family acts on. Other families accept it, so that one config can serve both. */
export const rpmKeys = {
  edition: {
    type: textOrNumber,
    merge: 'replace',
    family: 'rpm',
    description: "The treefile edition, which chooses rpm-ostree's defaults.",
    example: '"2024"',
  },
  'lockfile-repos': {
    type: textList,
    merge: 'unique',
    family: 'rpm',
    description: 'Repositories that only locked packages are taken from.',
    example: '[debian-snapshot]',
    default: [],
  },
  'repo-packages': {
    type: valueType(
      'list of maps with `repo` and `packages`',
      z.array(z.strictObject({ repo: z.string().min(1), packages: z.array(z.string().min(1)) })),
    ),
    merge: 'append',
    family: 'rpm',
    description: 'Packages that must come from one repository.',
    example: '[{repo: fedora-updates, packages: [podman]}]',
  },
  'install-langs': {
    type: textList,
    merge: 'unique',
    family: 'rpm',
    description: 'Languages whose translations are installed.',
    example: '[en_US]',
  },
  'boot-location': {
    type: choice('new', 'modules'),
    merge: 'replace',
    family: 'rpm',
    description: 'Where the kernel lies besides `/usr/lib/modules`. Here it lies there alone.',
    example: 'modules',
  },
  'tmp-is-dir': {
    type: flag,
    merge: 'replace',
    family: 'rpm',
    description: 'Whether `/tmp` is a directory. Here it always is one.',
    example: 'true',
  },
  selinux: {
    type: flag,
    merge: 'replace',
    family: 'rpm',
    description: "Whether files get SELinux labels from the image's policy.",
    example: 'true',
  },
  'selinux-label-version': {
    type: naturalNumber,
    merge: 'replace',
    family: 'rpm',
    description: 'With 1, files in `/usr/etc` are labelled as if they were in `/etc`.',
    example: '1',
  },
  rpmdb: {
    type: choice('target', 'host', 'sqlite', 'ndb', 'bdb'),
    merge: 'replace',
    family: 'rpm',
    description: 'The format of the RPM database.',
    example: 'sqlite',
  },
  'rpmdb-normalize': {
    type: flag,
    merge: 'replace',
    family: 'rpm',
    description: 'Whether the RPM database is made reproducible.',
    example: 'true',
  },
  repovars: {
    type: textMap,
    merge: 'map',
    family: 'rpm',
    description: 'Variables of `.repo` files.',
    example: '{contentdir: fedora}',
  },
  'readonly-executables': {
    type: flag,
    merge: 'replace',
    family: 'rpm',
    description: 'Whether executables lose their write bits.',
    example: 'true',
  },
  cliwrap: {
    type: flag,
    merge: 'replace',
    family: 'rpm',
    description: 'Whether programs such as rpm are wrapped.',
    example: 'false',
  },
} as const satisfies MergedKeyTable;
