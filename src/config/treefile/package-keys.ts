import { z } from 'zod';
import type { MergedKeyTable } from '../key-table.ts';
import { flag, textList, valueType } from '../value-types.ts';

const regularExpression = z.string().refine(isRegularExpression, { error: 'must be a regular expression' });

const removal = valueType(
  'list of lists: a package, then regular expressions of paths',
  z.array(z.tuple([z.string().min(1), regularExpression], regularExpression)),
);

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/** Which packages are installed, and what of them stays. */
export const packageKeys = {
  repos: {
    type: textList,
    merge: 'unique',
    family: 'any',
    description:
      'Package repositories: each names a file beside `manifest.yaml`, whose ending decides the package family: `NAME.sources`, deb822. (`NAME.repo`, of the rpm family, is not built yet.)',
    example: '[debian, debian-security]',
    default: [],
  },
  packages: {
    type: textList,
    merge: 'unique',
    family: 'any',
    description:
      'Packages to install, with what they depend on. An entry may hold several, separated by blanks; single quotes around an entry keep it whole.',
    example: '[systemd, openssh-server sudo, "\'podman >= 5\'"]',
    default: [],
  },
  'exclude-packages': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Packages that must not get in. A build that needs one of them fails.',
    example: '[python3-minimal]',
    default: [],
  },
  recommends: {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: 'Whether packages that others only recommend are installed too.',
    example: 'false',
    default: true,
  },
  documentation: {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: 'Whether manual pages and other documentation are installed.',
    example: 'false',
    default: true,
  },
  'remove-from-packages': {
    type: removal,
    merge: 'append',
    family: 'any',
    description: 'Files to delete from packages: those of the package whose whole path one of the expressions matches.',
    example: '[[e2fsprogs, /usr/sbin/e2scrub.*]]',
    default: [],
    verbatim: true,
  },
} as const satisfies MergedKeyTable;
