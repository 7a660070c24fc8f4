import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { CosaError, formatPosition } from '../../src/lib/errors.ts';
import { minimalConfig, testOptions, writeFiles } from './support.ts';

interface BadInput {
  title: string;
  /** Files on top of the least that a config needs; a manifest is appended to that one. */
  files: Record<string, string>;
  code: string;
  /** `file:line:column`, relative to the config. */
  where: string;
  message: string;
  hint?: string;
  /** A whole one. */
  manifest?: string;
}

// The manifest's own lines start at line 3.
const cases: BadInput[] = [
  {
    title: 'an unknown key',
    files: { 'manifest.yaml': 'pacakges: [a]\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'manifest.yaml:3:1',
    message: 'unknown key "pacakges"',
    hint: 'did you mean "packages"?',
  },
  {
    title: 'an unknown key that nothing is near to',
    files: { 'manifest.yaml': 'favourite-colour: blue\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'manifest.yaml:3:1',
    message: 'unknown key "favourite-colour"',
  },
  {
    title: 'packages of an architecture that are no list',
    files: { 'manifest.yaml': 'packages-vax: yes\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:15',
    message: '"packages-vax" must be a list, not the string "yes"',
  },
  {
    title: 'a check without its file',
    files: { 'manifest.yaml': 'check-passwd:\n  type: file\n  file: passwd\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:1',
    message: '"check-passwd.filename" is missing',
  },
  {
    title: 'a string for a list',
    files: { 'manifest.yaml': 'packages: systemd\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:11',
    message: '"packages" must be a list, not the string "systemd"',
  },
  {
    title: 'a map in a list of strings',
    files: { 'manifest.yaml': 'packages:\n  - systemd\n  - sudo: true\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:5:5',
    message: '"packages[1]" must be a string, not a map',
  },
  {
    title: 'a string for true or false',
    files: { 'manifest.yaml': 'recommends: "no"\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:13',
    message: '"recommends" must be true or false, not the string "no"',
  },
  {
    title: 'a list for a file',
    files: { 'manifest.yaml': 'include: a.yaml\n', 'a.yaml': '- packages\n' },
    code: 'CONFIG_VALUE',
    where: 'a.yaml:1:1',
    message: 'the file must be a map, not a list',
  },
  {
    title: 'a word that is none of those allowed',
    files: { 'manifest.yaml': 'boot-location: module\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:16',
    message: '"boot-location" must be one of new, modules, kernel-install, not the string "module"',
    hint: 'did you mean "modules"?',
  },
  {
    title: 'an unknown kind of check',
    files: { 'manifest.yaml': 'check-groups: {type: prevoius}\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:22',
    message: '"check-groups.type" must be none, previous, file or data, not the string "prevoius"',
  },
  {
    title: 'an expression that is none',
    files: { 'manifest.yaml': 'remove-from-packages: [[g++, /usr/(]]\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:30',
    message:
      '"remove-from-packages[0][1]" must be a regular expression (at its character 6: this group has no ")"), not the string "/usr/("',
  },
  {
    title: 'bad YAML',
    files: { 'manifest.yaml': 'packages: [a\n' },
    code: 'CONFIG_SYNTAX',
    where: 'manifest.yaml:4:1',
    message: 'this is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  },
  {
    title: 'an include loop',
    files: {
      'manifest.yaml': 'include: a.yaml\n',
      'a.yaml': 'include:\n  - sub/b.yaml\n',
      'sub/b.yaml': 'include: ../a.yaml\n',
    },
    code: 'CONFIG_INCLUDE_LOOP',
    where: 'sub/b.yaml:1:10',
    message: 'include loop: manifest.yaml → a.yaml → sub/b.yaml → a.yaml',
  },
  {
    title: 'a file that includes itself',
    files: { 'manifest.yaml': 'include: manifest.yaml\n' },
    code: 'CONFIG_INCLUDE_LOOP',
    where: 'manifest.yaml:3:10',
    message: 'include loop: manifest.yaml → manifest.yaml',
  },
  {
    title: 'a missing include',
    files: { 'manifest.yaml': 'include: [parts/a.yaml]\n', 'parts/a.yaml': 'include: missing.yaml\n' },
    code: 'CONFIG_INCLUDE_MISSING',
    where: 'parts/a.yaml:1:10',
    message: 'the included file "missing.yaml" does not exist',
    hint: 'expected at parts/missing.yaml: includes are relative to the file that includes them',
  },
  {
    title: 'a missing conditional include',
    files: {
      'manifest.yaml': 'conditional-include:\n  - if: basearch == "x86_64"\n    include: missing.yaml\n',
    },
    code: 'CONFIG_INCLUDE_MISSING',
    where: 'manifest.yaml:5:14',
    message: 'the included file "missing.yaml" does not exist',
    hint: 'expected at missing.yaml: includes are relative to the file that includes them',
  },
  {
    title: 'an absolute include',
    files: { 'manifest.yaml': 'include: /etc/passwd\n' },
    code: 'CONFIG_FILE_OUTSIDE',
    where: 'manifest.yaml:3:10',
    message: '"/etc/passwd" is an absolute path, and no file of the config',
    hint: 'name files relative to the file that names them',
  },
  {
    title: 'one file twice',
    files: { 'manifest.yaml': 'include: [a.yaml, sub/../a.yaml]\n', 'a.yaml': 'packages: [a]\n', 'sub/b': '' },
    code: 'CONFIG_INCLUDE_TWICE',
    where: 'manifest.yaml:3:19',
    message: 'a.yaml is included already',
    hint: 'it was first named as a.yaml: a file counts once, at one place in the order',
  },
  {
    title: 'includes without end',
    files: Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        index === 0 ? 'manifest.yaml' : `${index}.yaml`,
        `include: ${index + 1}.yaml\n`,
      ]),
    ),
    code: 'CONFIG_INCLUDE_DEPTH',
    where: '50.yaml:1:10',
    message: 'includes go more than 50 files deep',
  },
  {
    title: 'a quote without an end',
    files: { 'manifest.yaml': 'packages:\n  - a b\n  - "\'crow >= 2.1"\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:5:5',
    message: 'a single quote has no second one in "\'crow >= 2.1"',
    hint: "write 'NAME >= VERSION', with a quote at either end",
  },
  {
    title: 'two names of one key',
    files: { 'manifest.yaml': 'default_target: a.target\ndefault-target: a.target\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:1',
    message: '"default-target" and "default_target" are two names of one key',
    hint: 'keep "default-target"',
  },
  {
    title: 'another architecture',
    files: { 'manifest.yaml': 'basearch: s390x\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:1',
    message: 'this file is for s390x, and the build is for x86_64',
    hint: 'leave "basearch" out',
  },
  {
    title: 'a variable that is there anyway',
    files: { 'manifest.yaml': 'variables: {basearch: s390x}\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:13',
    message: 'the variable "basearch" cannot be set: it is there anyway',
    hint: 'choose another name',
  },
  {
    title: 'a variable in a variable',
    files: { 'manifest.yaml': 'variables: {a: "${b}", b: x}\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:16',
    message: '"variables.a" must not hold $, { or }, not the string "${b}"',
  },
  {
    title: 'units that presets decide on',
    files: { 'manifest.yaml': 'machineid-compat: false\nunits: [a.service]\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:4:8',
    message: '"units" cannot stand beside "machineid-compat: false"',
    hint: 'systemd presets all units at the first boot: enable them in a file of /usr/lib/systemd/system-preset',
  },
  {
    title: 'a file that would be added to the state',
    files: { 'manifest.yaml': 'add-files: [[x, /var/lib/x]]\n', x: '' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:17',
    message:
      '"add-files[0][1]" must be a place in /usr (but not /usr/local), /etc, /bin, /sbin, /lib or /lib64, not the string "/var/lib/x"',
  },
  {
    title: 'an absolute path to remove',
    files: { 'manifest.yaml': 'remove-files: [/usr/share/info]\n' },
    code: 'CONFIG_VALUE',
    where: 'manifest.yaml:3:16',
    message: '"remove-files[0]" must be without the leading slash, not the string "/usr/share/info"',
  },
  {
    title: 'JSON that is none',
    files: { 'manifest.yaml': 'include: a.json\n', 'a.json': '{"packages": [],}' },
    code: 'CONFIG_SYNTAX',
    where: 'a.json:1:17',
    message: 'this is not valid JSON',
  },
  {
    title: 'a kickstart with more than packages',
    files: { 'manifest.yaml': 'include: a.ks\n', 'a.ks': '%packages\na\n%end\nreboot\n' },
    code: 'CONFIG_SYNTAX',
    where: 'a.ks:4:1',
    message: 'this is not a kickstart of packages: "reboot" is neither %packages nor %include FILE',
  },
  {
    title: 'several mistakes of one file',
    files: { 'manifest.yaml': 'pakages: [a]\nrecommends: 1\npackages: ["\'a"]\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'manifest.yaml:3:1',
    message:
      'unknown key "pakages"\n{base}/manifest.yaml:4:13: "recommends" must be true or false, not the number 1\n' +
      "{base}/manifest.yaml:5:12: a single quote has no second one in \"'a\" (write 'NAME >= VERSION', with a quote at either end)",
    hint: 'did you mean "packages"?',
  },
  {
    title: 'an undefined variable in a condition',
    files: { 'manifest.yaml': 'conditional-include: [{if: prod == true, include: a.yaml}]\n' },
    code: 'CONFIG_VARIABLE_UNDEFINED',
    where: 'manifest.yaml:3:28',
    message: 'undefined variable "prod"',
    hint: 'known here: basearch',
  },
  {
    title: 'no condition',
    files: { 'manifest.yaml': 'conditional-include: [{if: [x is y], include: a.yaml}]\n' },
    code: 'CONFIG_CONDITION',
    where: 'manifest.yaml:3:29',
    message: '"x is y" is not a condition: expected VARIABLE OPERATOR VALUE',
    hint: 'for example: stream != "stable"; operators are == != >= <= > <; values are "TEXT", whole numbers, true, false',
  },
  {
    title: 'a missing overlay',
    files: { 'manifest.yaml': 'ostree-layers:\n  - overlay/05cor\n', 'overlay.d/05core/etc/x': '' },
    code: 'CONFIG_OVERLAY_MISSING',
    where: 'manifest.yaml:4:5',
    message: 'there is no directory overlay.d/05cor',
    hint: 'did you mean "05core"?',
  },
  {
    title: 'a layer that is no overlay',
    files: { 'manifest.yaml': 'ostree-layers: [fedora/base]\n' },
    code: 'CONFIG_OVERLAY_MISSING',
    where: 'manifest.yaml:3:17',
    message: '"fedora/base" is not an overlay: expected overlay/NAME',
  },
  {
    title: 'an overlay whose name leads out',
    files: { 'manifest.yaml': 'ostree-layers: [overlay/..]\n' },
    code: 'CONFIG_OVERLAY_MISSING',
    where: 'manifest.yaml:3:17',
    message: '"overlay/.." is not an overlay: expected overlay/NAME',
  },
  {
    title: 'a mode for a path that is not there',
    files: {
      'manifest.yaml': 'ostree-layers: [overlay/a]\n',
      'overlay.d/a/etc/shadow': '',
      'overlay.d/a/statoverride': '# modes\n=384 /etc/shadw\n',
    },
    code: 'CONFIG_STATOVERRIDE',
    where: 'overlay.d/a/statoverride:2:1',
    message: '/etc/shadw is not in this overlay',
    hint: 'did you mean "etc/shadow"?',
  },
  {
    title: 'a missing script',
    files: { 'manifest.yaml': 'postprocess-script: run.sh\n' },
    code: 'CONFIG_FILE_MISSING',
    where: 'manifest.yaml:3:21',
    message: 'the file "run.sh" does not exist',
  },
  {
    title: 'a missing passwd file',
    files: { 'manifest.yaml': 'check-passwd: {type: file, filename: passwd}\n' },
    code: 'CONFIG_FILE_MISSING',
    where: 'manifest.yaml:3:38',
    message: 'the file "passwd" does not exist',
  },
  {
    title: 'a repository without a file',
    files: { 'manifest.yaml': 'include: a.yaml\n', 'a.yaml': 'repos: [debain]\n' },
    code: 'CONFIG_REPOSITORY_MISSING',
    where: 'a.yaml:1:9',
    message:
      'the repository "debain" is not defined: there is no debain.sources nor section [debain] in a .repo file beside the manifest',
    hint: 'did you mean "debian"?',
  },
  {
    title: 'a repository file that is none',
    files: { 'a.repo': '[a]\nname=a\nbase url\n' },
    code: 'CONFIG_SYNTAX',
    where: 'a.repo:3:1',
    message: 'this is not a repository file: "base url" is no KEY=VALUE',
  },
  {
    title: 'composefs, which disks do not have yet',
    files: { 'image.yaml': 'size: 8\ncomposefs: true\n' },
    code: 'CONFIG_VALUE',
    where: 'image.yaml:2:12',
    message: '"composefs" must be false (disks with composefs cannot be written), not true',
  },
  {
    title: 'a repository with two files',
    files: { 'debian.repo': '[debian]\n' },
    code: 'CONFIG_REPOSITORY_AMBIGUOUS',
    where: 'manifest.yaml:2:9',
    message: 'the repository "debian" is defined in two files of different families',
    hint: 'delete one of {base}/debian.repo and {base}/debian.sources: the ending tells the package family',
  },
  {
    title: 'repositories of two families',
    files: { 'manifest.yaml': 'include: a.yaml\n', 'a.yaml': 'repos: [fedora]\n', 'fedora.repo': '[fedora]\n' },
    code: 'CONFIG_REPOSITORIES_MIXED',
    where: 'manifest.yaml:2:9',
    message: 'the repositories "fedora" (.repo) and "debian" (.sources) are of different package families',
  },
  {
    title: 'a filesystem that nobody makes',
    files: { 'image.yaml': 'size: 10\nrootfs: ext3\n' },
    code: 'CONFIG_VALUE',
    where: 'image.yaml:2:9',
    message: '"rootfs" must be one of ext4, xfs, btrfs, not the string "ext3"',
    hint: 'did you mean "ext4"?',
  },
  {
    title: 'a size of nothing',
    files: { 'image.yaml': 'size: 0\n' },
    code: 'CONFIG_VALUE',
    where: 'image.yaml:1:7',
    message: '"size" must be above 0, not the number 0',
  },
  {
    title: 'a fractional size',
    files: { 'image.yaml': 'size: 1.5\n' },
    code: 'CONFIG_VALUE',
    where: 'image.yaml:1:7',
    message: '"size" must be a whole number, not the number 1.5',
  },
  {
    title: 'a stream in image.yaml that nobody named',
    files: { 'image.yaml': 'extra-kargs:\n  - stream={stream}\n' },
    code: 'CONFIG_VARIABLE_UNDEFINED',
    where: 'image.yaml:2:12',
    message: '{stream} stands here, and no stream is known',
    hint: 'define "stream" under "variables" in manifest.yaml',
  },
  {
    title: 'an include loop of image.yaml',
    files: { 'image.yaml': 'include: b.yaml\n', 'b.yaml': 'size: 1\ninclude: image.yaml\n' },
    code: 'CONFIG_INCLUDE_LOOP',
    where: 'b.yaml:2:10',
    message: 'include loop: image.yaml → b.yaml → image.yaml',
  },
  {
    title: 'a missing include of image.yaml',
    files: { 'image.yaml': 'include: b.yaml\n' },
    code: 'CONFIG_INCLUDE_MISSING',
    where: 'image.yaml:1:10',
    message: 'the included file "b.yaml" does not exist',
    hint: 'expected at b.yaml: includes are relative to the file that includes them',
  },
  {
    title: 'an unknown key of a platform',
    files: { 'platforms.yaml': 'x86_64:\n  qemu:\n    kernel_args: [a]\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'platforms.yaml:3:5',
    message: 'unknown key "kernel_args" in "x86_64.qemu"',
    hint: 'known here: grub_commands, kernel_arguments',
  },
  {
    title: 'an unknown key of a release',
    files: { 'release.yaml': 'platforms: [qemu]\nplatfroms: [metal]\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'release.yaml:2:1',
    message: 'unknown key "platfroms"',
    hint: 'did you mean "platforms"?',
  },
  {
    title: 'a release without platforms',
    files: { 'release.yaml': 'platforms: []\n' },
    code: 'CONFIG_VALUE',
    where: 'release.yaml:1:12',
    message: '"platforms" must not be empty, not a list',
  },
  {
    title: 'an unknown key of a lock override',
    files: { 'manifest-lock.overrides.x86_64.yaml': 'packages:\n  podman:\n    evr: 1-1\n    version: 1\n' },
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'manifest-lock.overrides.x86_64.yaml:4:5',
    message: 'unknown key "version" in "packages.podman"',
    hint: 'known here: digest, evr, evra, metadata',
  },
];

test.each(cases)('$title', async ({ files, manifest: whole, code, where, message, hint }) => {
  const manifest = whole ?? minimalConfig['manifest.yaml'] + (files['manifest.yaml'] ?? '');
  const base = await writeFiles({ ...minimalConfig, ...files, 'manifest.yaml': manifest });
  const error: unknown = await loadConfig(base, testOptions).catch((thrown: unknown) => thrown);
  if (!(error instanceof CosaError)) throw new Error('expected a CosaError', { cause: error });
  expect({
    code: error.code,
    where: error.where && formatPosition({ ...error.where, file: relative(base, error.where.file) }),
    message: error.message,
    hint: error.hint,
    exitStatus: error.exitStatus,
  }).toEqual({
    code,
    where,
    message: message.replaceAll('{base}', base),
    hint: hint?.replaceAll('{base}', base),
    exitStatus: 2,
  });
});
