import { z } from 'zod';
import { baseArchitectures } from './architectures.ts';
import type { FileValues, KeyTable, MergedKeyTable, MergedValues } from './key-table.ts';
import {
  choice,
  flag,
  naturalNumber,
  oneOrMore,
  scalarMap,
  text,
  textList,
  textMap,
  textOrNumber,
  valueType,
} from './value-types.ts';

const identity = z.union([z.int().nonnegative(), z.tuple([z.int().nonnegative(), z.int().nonnegative()])], {
  error: 'must be a number, or a list of two: uid and gid',
});

/** How users or groups are kept stable from build to build. */
const accountCheck = valueType(
  'map with `type`: `none`, `previous`, `file` (with `filename`) or `data` (with `entries`)',
  z.discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('previous') }),
      z.strictObject({ type: z.literal('file'), filename: z.string().min(1) }),
      z.strictObject({ type: z.literal('data'), entries: z.record(z.string(), identity) }),
    ],
    { error: 'must be none, previous, file or data' },
  ),
);

const removal = valueType(
  'list of lists: a package, then regular expressions of paths',
  z.array(
    z.array(z.string().min(1)).min(2, { error: 'must be a list of a package and at least one regular expression' }),
  ),
);

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
      z.partialRecord(z.enum(baseArchitectures), oneOrMore.schema),
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

/** Keys of the flattened treefile, in the order of the reference. */
export const treefileKeys = {
  metadata: {
    type: scalarMap,
    merge: 'map',
    family: 'any',
    description: 'What the system is: `name` (short, used in file names and labels), `summary`, `license`.',
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
    description: 'The ostree ref of the commits.',
    example: 'debian/${basearch}/coreos/${stream}',
  },
  edition: {
    type: textOrNumber,
    merge: 'replace',
    family: 'rpm',
    description: "The treefile edition, which chooses rpm-ostree's defaults.",
    example: '"2024"',
  },
  repos: {
    type: textList,
    merge: 'unique',
    family: 'any',
    description:
      'Package repositories: each names a file beside `manifest.yaml`, `NAME.sources` (deb822) or `NAME.repo`. The ending decides the package family.',
    example: '[debian, debian-security]',
    default: [],
  },
  'lockfile-repos': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Repositories that only locked packages are taken from.',
    example: '[debian-snapshot]',
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
  'install-langs': {
    type: textList,
    merge: 'unique',
    family: 'rpm',
    description: 'Languages whose translations are installed.',
    example: '[en_US]',
  },
  'ostree-layers': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description:
      'Overlays that are copied over the packages, in this order: `overlay/NAME` is the directory `overlay.d/NAME` beside `manifest.yaml`. Owners are root; modes are 0755 for directories and executables, 0644 otherwise, unless its file `statoverride` has a line `=DECIMAL-MODE /path` (or `DECIMAL-MODE /path`, which adds bits).',
    example: '[overlay/05core, overlay/20login]',
    default: [],
  },
  units: {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Systemd units to enable.',
    example: '[sshd.service]',
    default: [],
  },
  'default-target': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The systemd target that the system boots to.',
    example: 'multi-user.target',
  },
  'initramfs-args': {
    type: textList,
    merge: 'append',
    family: 'any',
    description: 'Further arguments of dracut.',
    example: '[--no-hostonly, --omit=nfs]',
    default: [],
  },
  postprocess: {
    type: textList,
    merge: 'append',
    family: 'any',
    description:
      'Scripts that run in the installed root, without network, after packages and overlays. The first line chooses the interpreter; `/bin/sh` without one.',
    example: '["#!/bin/sh\\nrm -f /etc/motd"]',
    default: [],
    verbatim: true,
  },
  'postprocess-script': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'A script file, relative to this file, that runs after all of `postprocess`.',
    example: 'postprocess.sh',
  },
  'remove-files': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Paths to delete from the installed root.',
    example: '[usr/share/info]',
    default: [],
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
  'check-passwd': {
    type: accountCheck,
    merge: 'replace',
    family: 'any',
    description:
      'Where user ids come from and must not differ: the `previous` build, a `file` in the format of passwd(5) relative to this file, or `data` right here.',
    example: '{type: file, filename: passwd}',
  },
  'check-groups': {
    type: accountCheck,
    merge: 'replace',
    family: 'any',
    description: 'As `check-passwd`, for groups.',
    example: '{type: previous}',
  },
  'ignore-removed-users': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Users that may vanish although `check-passwd` knows them; `*` for all.',
    example: '[avahi]',
    default: [],
  },
  'ignore-removed-groups': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Groups that may vanish although `check-groups` knows them; `*` for all.',
    example: '[avahi]',
    default: [],
  },
  'etc-group-members': {
    type: textList,
    merge: 'unique',
    family: 'any',
    description: 'Groups that stand in `/etc/group` and not in `/usr/lib/group`, because people become members.',
    example: '[sudo, adm]',
    default: [],
  },
  'machineid-compat': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description: 'Whether the image ships an empty `/etc/machine-id`; without one, systemd sees a first boot.',
    example: 'false',
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
  'opt-usrlocal': {
    type: choice('var', 'root'),
    merge: 'replace',
    family: 'any',
    description: 'Whether `/opt` and `/usr/local` are links into `/var` or directories of the image.',
    example: 'var',
  },
  'container-cmd': {
    type: textList,
    merge: 'replace',
    family: 'any',
    description: "The container's command.",
    example: '[/sbin/init]',
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

/** Packages for one architecture: `packages-x86_64` and so on. */
export const architecturePackages = {
  type: textList,
  merge: 'unique',
  family: 'any',
  description: 'As `packages`, for one architecture.',
  example: '[grub-efi-amd64-signed]',
} as const;

type ArchitecturePackages = { [Key in `packages-${(typeof baseArchitectures)[number]}`]: typeof architecturePackages };

/** Every key that a treefile may have. */
export const treefileFileKeys = {
  ...structureKeys,
  ...treefileKeys,
  ...(Object.fromEntries(
    baseArchitectures.map((name) => [`packages-${name}`, architecturePackages]),
  ) as ArchitecturePackages),
};

/** The keys of one file. */
export type TreefileValues = FileValues<typeof treefileFileKeys>;

/** The flattened treefile: includes merged, variables substituted, packages of the architecture among the others. */
export type Treefile = MergedValues<typeof treefileKeys>;
