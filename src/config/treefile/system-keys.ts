import { z } from 'zod';
import type { MergedKeyTable } from '../key-table.ts';
import { choice, flag, text, textList, valueType } from '../value-types.ts';

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

const scripts = valueType(
  'list of scripts',
  z.array(z.string().regex(/^#!\s*\S/, { error: 'must begin with a line such as #!/bin/sh' })),
);

/** What becomes of the installed packages. */
export const systemKeys = {
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
    type: scripts,
    merge: 'append',
    family: 'any',
    description:
      'Scripts that run in the installed root, without network, after packages and overlays. The first line names the program that runs it.',
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
  'opt-usrlocal': {
    type: choice('var', 'root'),
    merge: 'replace',
    family: 'any',
    description:
      'Where `/opt` and `/usr/local` lie. `var`, unless given: they are links into `/var`, and what packages or overlays ' +
      'have there is copied on the first boot and never updated. `root`: they are part of the system, read-only and ' +
      'updated with it.',
    example: 'root',
  },
  'container-cmd': {
    type: textList,
    merge: 'replace',
    family: 'any',
    description: "The container's command; `/sbin/init` unless given.",
    example: '[/sbin/init]',
  },
} as const satisfies MergedKeyTable;
