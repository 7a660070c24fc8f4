import { z } from 'zod';
import { compilePerlPattern, PatternError } from '../../lib/perl-pattern.ts';
import type { MergedKeyTable } from '../key-table.ts';
import { flag, textList, valueType } from '../value-types.ts';

/** Of the kind that rpm-ostree takes. */
const regularExpression = z.string().check(({ value, issues }) => {
  try {
    compilePerlPattern(value);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = `must be a regular expression (at its character ${error.column}: ${error.message})`;
    issues.push({ code: 'custom', input: value, message });
  }
});

const removal = valueType(
  'list of lists: a package, then regular expressions of paths',
  z.array(z.tuple([z.string().min(1)], regularExpression)),
);

/** Of packages: what stands between blanks is an entry of its own, and nothing is none. */
export const packageList = valueType('list of strings', z.array(z.string()));

/** Which packages are installed, and what of them stays. */
export const packageKeys = {
  repos: {
    type: textList,
    merge: 'append',
    family: 'any',
    description:
      'Package repositories: each is the name of a file `NAME.sources` (deb822) beside `manifest.yaml`, the `X-Repolib-ID` of one stanza in such a file, or the name of a section `[NAME]` in any file `*.repo` there. The ending decides the package family. Where no file has this key, all repositories that are defined there and enabled are used.',
    example: '[debian, debian-security]',
    default: [],
  },
  'lockfile-repos': {
    type: textList,
    merge: 'append',
    family: 'any',
    description: 'Repositories that only locked packages are taken from.',
    example: '[debian-snapshot]',
    default: [],
  },
  packages: {
    type: packageList,
    merge: 'set',
    family: 'any',
    description:
      'Packages to install, with what they depend on. An entry may hold several, separated by blanks; single quotes keep together what has blanks itself.',
    example: '[systemd, openssh-server sudo, "less \'podman >= 5\'"]',
    default: [],
    formerly: ['bootstrap_packages', 'bootstrap-packages'],
  },
  'exclude-packages': {
    type: textList,
    merge: 'append',
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
    description:
      'Files to delete from packages: those of the package in whose path, or in that of a directory that they lie in, one of the expressions is found. `^` and `$` stand for its ends; `/etc/x` is `/usr/etc/x` as well. They are of the kind that GLib takes (PCRE). Overlays come later, and are left alone.',
    example: '[[e2fsprogs, ^/usr/sbin/e2scrub]]',
    default: [],
  },
} as const satisfies MergedKeyTable;
