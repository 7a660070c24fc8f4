import { expect, test } from 'vitest';
import { lint, rules } from '../../src/lint/lint.ts';
import { type Entry, entry } from '../helpers/ostree-layers.ts';
import { directory, file, goodEntries, goodLabels, layerOf, link } from './support.ts';

async function findings(entries: readonly Entry[], labels: Record<string, string> = goodLabels) {
  const report = await lint([layerOf(entries)], labels);
  return Object.fromEntries(report.findings.map(({ rule, details }) => [rule.name, details]));
}

test('a container as it should be passes every rule', async () => {
  const report = await lint([layerOf(goodEntries())], goodLabels);
  expect(report).toEqual({ findings: [], passed: rules.map(({ name }) => name), unchecked: [] });
});

interface Breach {
  rule: string;
  what: string;
  /** On top of what a good container has. */
  add?: Entry[];
  /** Taken away from it. */
  without?: string[];
  labels?: Record<string, string>;
  details: string[];
}

const tmpfiles = (lines: string) => file('usr/lib/tmpfiles.d/os.conf', lines);

const object = (name: string) => `sysroot/ostree/repo/objects/aa/${name.padEnd(62, '0')}.dirmeta`;
const selinux = (mode: string) => [
  file('etc/selinux/config', `SELINUX=${mode}\nSELINUXTYPE=pond\n`),
  file('etc/selinux/pond/contexts/files/file_contexts', '/.* u:r:t\n'),
];

const breaches: Breach[] = [
  {
    rule: 'selinux-labels',
    what: 'a policy and a commit without labels',
    add: [...selinux('enforcing'), file(object('1'), 'dirmeta')],
    details: ['the policy "pond" is there, and the commit has no labels'],
  },
  { rule: 'kernel', what: 'none', without: ['usr/lib/modules/6.12/vmlinuz'], details: ['there is no kernel'] },
  {
    rule: 'kernel',
    what: 'two',
    add: [file('usr/lib/modules/6.11/vmlinuz'), file('usr/lib/modules/6.11/initramfs.img')],
    details: ['there are 2: 6.11, 6.12'],
  },
  {
    rule: 'initramfs',
    what: 'none',
    without: ['usr/lib/modules/6.12/initramfs.img'],
    details: ['/usr/lib/modules/6.12/initramfs.img is missing'],
  },
  {
    rule: 'bootc-kargs',
    what: 'not TOML, and with another key',
    add: [
      file('usr/lib/bootc/kargs.d/1.toml', 'kargs = ['),
      file('usr/lib/bootc/kargs.d/2.toml', 'kargs = ["a"]\narch = "x"\n'),
      file('usr/lib/bootc/kargs.d/3.toml', 'kargs = "a"\n'),
      file('usr/lib/bootc/kargs.d/4.toml', 'kargs = ["a"]\nmatch-architectures = ["x86_64"]\n'),
      file('usr/lib/bootc/kargs.d/5.conf', 'no TOML'),
    ],
    details: [
      expect.stringMatching(/^\/usr\/lib\/bootc\/kargs\.d\/1\.toml: Invalid TOML/) as string,
      '/usr/lib/bootc/kargs.d/2.toml: Unrecognized key: "arch"',
      expect.stringMatching(/^\/usr\/lib\/bootc\/kargs\.d\/3\.toml: kargs: /) as string,
    ],
  },
  {
    rule: 'baseimage-composefs',
    what: 'off',
    add: [file('usr/lib/ostree/prepare-root.conf', '[etc]\ntransient = no\n[composefs]\nenabled = no\n')],
    details: ['it is not enabled'],
  },
  {
    rule: 'baseimage-composefs',
    what: 'enabled elsewhere',
    add: [file('usr/lib/ostree/prepare-root.conf', '[composefs]\n[other]\nenabled = yes\n')],
    details: ['it is not enabled'],
  },
  {
    rule: 'disk-files',
    what: 'missing',
    without: ['usr/share/coreos-assembler/image.json', 'usr/lib/coreos-assembler/boot/efi/EFI/BOOT/BOOTX64.EFI'],
    details: [
      '/usr/share/coreos-assembler/image.json is missing',
      '/usr/lib/coreos-assembler/boot/efi/EFI/BOOT has no boot loader',
    ],
  },
  { rule: 'labels', what: 'none', labels: {}, details: ['the label containers.bootc is not 1'] },
  {
    rule: 'var-run',
    what: 'a directory',
    add: [directory('var/run'), tmpfiles('d /var/run\n')],
    details: ['/var/run is a directory'],
  },
  {
    rule: 'etc-usretc',
    what: 'both',
    add: [file('usr/etc/fstab')],
    details: ['there are files in /etc, and there is /usr/etc'],
  },
  {
    rule: 'api-base-directories',
    what: 'one missing, one a file',
    without: ['proc/', 'var/'],
    add: [file('var')],
    details: ['/proc is missing', '/var is no directory'],
  },
  {
    rule: 'baseimage-root',
    what: 'nothing there',
    without: ['ostree', 'sysroot/'],
    details: ['/sysroot is no directory', '/ostree is no link to sysroot/ostree'],
  },
  {
    rule: 'baseimage-root',
    what: 'a link elsewhere',
    add: [link('ostree', '/sysroot/ostree')],
    details: ['/ostree is no link to sysroot/ostree'],
  },
  {
    rule: 'buildah-injected',
    what: 'empty',
    add: [file('etc/hostname'), file('etc/resolv.conf'), file('etc/hosts')],
    details: ['/etc/hostname is empty', '/etc/resolv.conf is empty'],
  },
  { rule: 'nonempty-boot', what: 'missing', without: ['boot/'], details: ['/boot is missing'] },
  { rule: 'nonempty-boot', what: 'a kernel', add: [file('boot/vmlinuz', 'x')], details: ['/boot/vmlinuz'] },
  {
    rule: 'nonempty-run-tmp',
    what: 'leftovers',
    add: [file('run/lock', ''), directory('tmp/build')],
    details: ['/run/lock', '/tmp/build'],
  },
  {
    rule: 'var-log',
    what: 'a log, and an empty one',
    add: [
      tmpfiles('f /var/log/apt/history.log\nf /var/log/lastlog\n'),
      file('var/log/apt/history.log', 'installed'),
      file('var/log/lastlog'),
    ],
    details: ['/var/log/apt/history.log'],
  },
  {
    rule: 'shared-secrets',
    what: 'host keys',
    add: [
      file('etc/ssh/ssh_host_ed25519_key', 'x'),
      file('etc/ssh/ssh_host_ed25519_key.pub', 'x'),
      file('etc/ssh/moduli'),
    ],
    details: ['/etc/ssh/ssh_host_ed25519_key'],
  },
  {
    rule: 'sysusers',
    what: 'unknown accounts',
    add: [file('etc/passwd', 'root:x:0:0:::\ntss:x:105:105:::\n'), file('etc/group', 'root:x:0:\ntss:x:105:\n')],
    details: ['user tss', 'group tss'],
  },
  {
    rule: 'var-tmpfiles',
    what: 'content that nothing makes',
    add: [
      tmpfiles(
        'd /var/lib/known/sub 0755 root root -\nC /var/lib/copied\nz /var/lib/owned\nL /var/mail - - - - spool/mail\n',
      ),
      directory('var/lib/known/sub'),
      directory('var/lib/known/other'),
      file('var/lib/copied/deep/file'),
      directory('var/lib/owned'),
      link('var/mail', 'spool/mail'),
      file('var/lib/state', 'x'),
    ],
    details: ['/var/lib/known/other', '/var/lib/owned', '/var/lib/state (a file)'],
  },
  {
    rule: 'etc-uid-drift',
    what: 'of accounts whose number may change',
    add: [
      file('usr/lib/sysusers.d/more.conf', 'u fixed 101:102\nu floating -\n'),
      tmpfiles('z /etc/covered - root root\nZ /etc/tree\nz /etc/glob/*.conf\n'),
      file('etc/fixed', '', { uid: 101, gid: 102 }),
      file('etc/covered', '', { uid: 500 }),
      directory('etc/tree'),
      file('etc/tree/deep/file', '', { uid: 500 }),
      file('etc/glob/a.conf', '', { uid: 500 }),
      file('etc/glob/a.txt', '', { uid: 500 }),
      file('etc/floating', '', { uid: 103, gid: 103 }),
    ],
    details: ['/etc/floating belongs to 103:103', '/etc/glob/a.txt belongs to 500:0'],
  },
];

test.each(breaches)('$rule: $what', async ({ rule, add = [], without = [], labels, details }) => {
  const entries = [...goodEntries().filter(({ header }) => !without.includes(header.path)), ...add];
  expect(await findings(entries, labels)).toEqual({ [rule]: details });
});

test('a name that is no UTF-8 ends the reading, and that is the finding', async () => {
  const good = layerOf(goodEntries());
  const bad = layerOf([entry('usr/share/caf\u00e9')]);
  async function* damaged() {
    // The header's checksum counts bytes: the two of the letter become others with the same sum.
    for await (const chunk of bad()) {
      const bytes = Buffer.from(chunk);
      const at = bytes.indexOf(Buffer.from('\u00e9'));
      bytes.set([0xc4, 0xa8], at);
      bytes.set([0xa8, 0xc4], at);
      yield bytes;
    }
  }
  const report = await lint([good, damaged], goodLabels);
  expect(report.findings.map(({ rule, details }) => [rule.name, details])).toEqual([
    ['utf8', [expect.stringContaining('UTF-8')]],
  ]);
  expect(report.unchecked).toHaveLength(rules.length - 1);
});

test('each rule has a breach here', () => {
  const broken = new Set([...breaches.map(({ rule }) => rule), 'utf8']);
  expect([...broken].sort()).toEqual(rules.map(({ name }) => name).sort());
});

test.each([
  ['labelled', [...selinux('enforcing'), file(object('1'), 'plain'), file(object('2'), 'x security.selinux\0u:r:t\0')]],
  ['without a commit, which gets labels where it is installed', selinux('permissive')],
  ['with SELinux disabled', [...selinux('disabled'), file(object('1'), 'plain')]],
  ['without its policy', [...selinux('enforcing').slice(0, 1), file(object('1'), 'plain')]],
])('nothing is said of labels in a container %s', async (_, added) => {
  expect(await findings([...goodEntries(), ...added])).not.toHaveProperty('selinux-labels');
});
