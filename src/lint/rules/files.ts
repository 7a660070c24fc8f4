import { isPolicyName, parseSelinuxConfig } from '../../contract/selinux.ts';
import type { LintedContainer } from '../container.ts';
import { etcOf } from '../etc.ts';
import type { Rule } from '../rule.ts';

/** What stands, or must not stand, in certain places. */
export const fileRules: readonly Rule[] = [
  {
    name: 'var-run',
    level: 'error',
    source: 'bootc',
    claim: '/var/run is a link to /run',
    advice: 'remove the directory: what is in it belongs to /run, which is made at each boot',
    check: (container) => {
      const found = container.get('var/run');
      return found === undefined || found.type === 'symlink' ? [] : [`/var/run is a ${found.type}`];
    },
  },
  {
    name: 'etc-usretc',
    level: 'error',
    source: 'bootc',
    claim: 'there is one of /etc and /usr/etc',
    advice: 'put files into /etc of the container: /usr/etc is made of it when a system is deployed',
    check: (container) =>
      container.names('etc').length > 0 && container.get('usr/etc') !== undefined
        ? ['there are files in /etc, and there is /usr/etc']
        : [],
  },
  {
    name: 'api-base-directories',
    level: 'error',
    source: 'bootc',
    claim: 'the directories that the kernel and systemd mount on are there',
    advice: 'make them, empty: mkdir /dev /proc /sys /run /tmp /var',
    check: (container) =>
      ['dev', 'proc', 'sys', 'run', 'tmp', 'var'].flatMap((path) => {
        const found = container.get(path);
        return found?.type === 'directory'
          ? []
          : [`/${path} ${found === undefined ? 'is missing' : 'is no directory'}`];
      }),
  },
  {
    name: 'baseimage-root',
    level: 'error',
    source: 'bootc',
    claim: '/sysroot is a directory, and /ostree leads to sysroot/ostree',
    advice: 'build upon a base image for bootc, or with "cosa ostree build": both lay the root out like that',
    check: (container) => {
      const link = container.get('ostree');
      return [
        ...(container.get('sysroot')?.type === 'directory' ? [] : ['/sysroot is no directory']),
        ...(link?.type === 'symlink' && link.linkTarget === 'sysroot/ostree'
          ? []
          : ['/ostree is no link to sysroot/ostree']),
      ];
    },
  },
  {
    name: 'buildah-injected',
    level: 'warning',
    source: 'bootc',
    claim: '/etc/hostname and /etc/resolv.conf are not the empty files that a container build leaves',
    advice: 'remove them in the last step of the build',
    check: (container) =>
      ['hostname', 'resolv.conf'].flatMap((name) => {
        const found = container.get(`${etcOf(container)}/${name}`);
        return found?.type === 'file' && found.size === 0 ? [`/etc/${name} is empty`] : [];
      }),
  },
  {
    name: 'nonempty-boot',
    level: 'warning',
    source: 'bootc',
    claim: '/boot is there and empty',
    advice: 'put kernels into /usr/lib/modules: what is in /boot is hidden by the boot partition',
    check: (container) => (container.get('boot') === undefined ? ['/boot is missing'] : below(container, 'boot')),
  },
  {
    name: 'nonempty-run-tmp',
    level: 'warning',
    source: 'bootc',
    claim: '/run and /tmp are empty',
    advice: 'remove the files: both directories are made anew at each boot; ship a tmpfiles.d file instead',
    check: (container) => [...below(container, 'run'), ...below(container, 'tmp')],
  },
  {
    name: 'var-log',
    level: 'warning',
    source: 'bootc',
    claim: 'there are no logs in /var/log',
    advice: 'remove them in the last step of the build: they differ in each build, and tell about it',
    check: (container) =>
      [...container.walk('var/log')].flatMap(([path, { type, size }]) =>
        type === 'file' && size > 0 ? [`/${path}`] : [],
      ),
  },
  {
    name: 'shared-secrets',
    level: 'error',
    source: 'cosa',
    claim: 'there is nothing in /etc that must differ from machine to machine',
    advice: 'remove the keys in the last step of the build: each machine makes its own at its first boot',
    check: (container) => {
      const ssh = `${etcOf(container)}/ssh`;
      return container.names(ssh).flatMap((name) => (/^ssh_host_.*_key$/.test(name) ? [`/etc/ssh/${name}`] : []));
    },
  },
  {
    name: 'selinux-labels',
    level: 'error',
    source: 'cosa',
    claim: 'files are labelled, if there is an SELinux policy that counts',
    advice: 'build with labels, without "selinux: false"; or set SELINUX=disabled in /etc/selinux/config',
    check: (container) => {
      const policy = policyOf(container);
      const isMissing = policy !== undefined && container.isLabelled === false;
      return isMissing ? [`the policy "${policy}" is there, and the commit has no labels`] : [];
    },
  },
];

/** All that is in a directory, as absolute paths. */
function below(container: LintedContainer, directory: string): string[] {
  return container.names(directory).map((name) => `/${directory}/${name}`);
}

/** The name of the policy that a system starts with, if it is there. */
function policyOf(container: LintedContainer): string | undefined {
  const directory = `${etcOf(container)}/selinux`;
  const { isEnabled, policy } = parseSelinuxConfig(container.text(`${directory}/config`) ?? '');
  if (!isEnabled || policy === undefined || !isPolicyName(policy)) return undefined;
  return container.get(`${directory}/${policy}/contexts/files/file_contexts`) === undefined ? undefined : policy;
}
