import { z } from 'zod';
import type { MergedKeyTable } from '../key-table.ts';
import { anyTextList, choiceWithSpellings, flag, text, textList, valueType } from '../value-types.ts';

/** 32 bits. */
const number = z.int().nonnegative().max(0xffff_ffff, { error: 'must be below 4294967296' });
const userNumbers = z.union([number, z.tuple([number]), z.tuple([number, number])], {
  error: 'must be a number, or a list of two: uid and gid',
});

/** How users or groups are kept stable from build to build. */
function accountCheck<Numbers extends z.ZodType>(numbers: Numbers) {
  return valueType(
    'map with `type`: `none`, `previous`, `file` (with `filename`) or `data` (with `entries`)',
    z.discriminatedUnion(
      'type',
      [
        z.object({ type: z.literal('none') }),
        z.object({ type: z.literal('previous') }),
        z.object({ type: z.literal('file'), filename: z.string().min(1) }),
        z.object({ type: z.literal('data'), entries: z.record(z.string(), numbers) }),
      ],
      { error: 'must be none, previous, file or data' },
    ),
  );
}

const addedFiles = valueType(
  'list of lists of two: a file of the config, and its place in the system',
  z.array(
    z.tuple([
      z.string().min(1),
      z.string().regex(/^\/*(?:usr\/(?!local\/)|etc\/|bin\/|sbin\/|lib\/|lib64\/)/, {
        error: 'must be a place in /usr (but not /usr/local), /etc, /bin, /sbin, /lib or /lib64',
      }),
    ]),
  ),
);

const removedFiles = valueType(
  'list of strings',
  z.array(
    z
      .string()
      .min(1, { error: 'must not be empty' })
      .refine((path) => !path.startsWith('/'), { error: 'must be without the leading slash' })
      .refine((path) => !path.includes('..'), { error: 'must not have .. in it' }),
  ),
);

/** What becomes of the installed packages. */
export const systemKeys = {
  'ostree-layers': {
    type: textList,
    merge: 'append',
    family: 'any',
    description:
      'Overlays that are copied over the packages, in this order: `overlay/NAME` and `overlay.d/NAME` are the directory `overlay.d/NAME` beside `manifest.yaml`. What stands twice is copied twice. Owners are root; modes are 0755 for directories and executables, 0644 otherwise, unless its file `statoverride` has a line `=DECIMAL-MODE /path` (or `DECIMAL-MODE /path`, which adds bits).',
    example: '[overlay/05core, overlay/20login]',
    default: [],
  },
  'ostree-override-layers': {
    type: textList,
    merge: 'append',
    family: 'any',
    description: 'As `ostree-layers`, copied after all of those.',
    example: '[overlay/90local]',
    default: [],
  },
  'add-files': {
    type: addedFiles,
    merge: 'append',
    family: 'any',
    description:
      'Files of the config, relative to this file, to copy into the installed root, after `remove-files` and before scripts. Owner and mode are as in overlays.',
    example: '[[motd, /etc/motd]]',
    default: [],
  },
  units: {
    type: textList,
    merge: 'append',
    family: 'any',
    description:
      'Systemd units to enable. With `machineid-compat: false`, systemd presets all units at the first boot, and this key is an error: use a preset file.',
    example: '[sshd.service]',
    default: [],
  },
  'default-target': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'The systemd target that the system boots to.',
    example: 'multi-user.target',
    formerly: ['default_target'],
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
    type: anyTextList,
    merge: 'append',
    family: 'any',
    description:
      'Scripts that run in the installed root, without network, after packages and overlays. The first line names the program that runs it; without one it is /bin/sh.',
    example: '["#!/bin/sh\\nrm -f /etc/motd"]',
    default: [],
  },
  'postprocess-script': {
    type: text,
    merge: 'replace',
    family: 'any',
    description: 'An executable file, relative to this file, that runs after all of `postprocess`.',
    example: 'postprocess.sh',
  },
  'remove-files': {
    type: removedFiles,
    merge: 'append',
    family: 'any',
    description:
      'Paths to delete from the installed root, without the leading slash, after overlays and before `add-files` and scripts.',
    example: '[usr/share/info]',
    default: [],
  },
  'readonly-executables': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description:
      'Whether executables of packages lose their write bits. Those of overlays and scripts keep the modes that they get there.',
    example: 'true',
  },
  'check-passwd': {
    type: accountCheck(userNumbers),
    merge: 'replace',
    family: 'any',
    description:
      'Where user ids come from and must not differ: the `previous` build, a `file` in the format of passwd(5) relative to this file, or `data` right here. Users of a `file` that no package makes come from it. Users and groups come both from a file, or neither does, unless `preserve-passwd` is false.',
    example: '{type: file, filename: passwd}',
  },
  'check-groups': {
    type: accountCheck(number),
    merge: 'replace',
    family: 'any',
    description: 'As `check-passwd`, for groups.',
    example: '{type: previous}',
  },
  'preserve-passwd': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description:
      'Whether accounts are kept from one build to the next at all: if not, `check-passwd` may name a file where `check-groups` names none. What is kept, these two say.',
    example: 'false',
  },
  'ignore-removed-users': {
    type: textList,
    merge: 'set',
    family: 'any',
    description: 'Users that may vanish although `check-passwd` knows them; `*` for all.',
    example: '[avahi]',
    default: [],
  },
  'ignore-removed-groups': {
    type: textList,
    merge: 'set',
    family: 'any',
    description: 'Groups that may vanish although `check-groups` knows them; `*` for all.',
    example: '[avahi]',
    default: [],
  },
  'etc-group-members': {
    type: textList,
    merge: 'append',
    family: 'any',
    description: 'Groups that stand in `/etc/group` and not in `/usr/lib/group`, because people become members.',
    example: '[sudo, adm]',
    default: [],
  },
  'machineid-compat': {
    type: flag,
    merge: 'replace',
    family: 'any',
    description:
      'Whether the image ships `/etc/machine-id`, which says `uninitialized`, so that the first boot counts as one, as it does without the file.',
    example: 'false',
  },
  'opt-usrlocal': {
    type: choiceWithSpellings(['var', 'root', 'state-overlay'], { stateoverlay: 'state-overlay' }),
    merge: 'replace',
    family: 'any',
    description:
      'Where `/opt` and `/usr/local` lie. `var`, unless given: they are links into `/var`, and what packages or overlays ' +
      'have there is copied on the first boot and never updated. `root`: they are part of the system, read-only and ' +
      'updated with it. `state-overlay`: as `root`, and the machine can write to them, by ostree-state-overlay@.service; ' +
      '`/opt` is a link to `/usr/lib/opt`.',
    example: 'root',
  },
  'container-cmd': {
    type: anyTextList,
    merge: 'replace',
    family: 'any',
    description: "The container's command; `/sbin/init` unless given.",
    example: '[/sbin/init]',
  },
  selinux: {
    type: flag,
    merge: 'replace',
    family: 'any',
    description:
      "Whether files get SELinux labels by the policy in the system's own `/etc/selinux`. A system without a policy, or with `SELINUX=disabled`, gets none. They are, unless this is `false`.",
    example: 'false',
  },
  'selinux-label-version': {
    type: valueType('`0` or `1`', z.literal([0, 1])),
    merge: 'replace',
    family: 'any',
    description:
      'With 1, files in `/usr/etc` are labelled as the same files in `/etc`; with 0, which counts if nothing is said, by their own paths.',
    example: '1',
  },
} as const satisfies MergedKeyTable;
