import type { CommitSelinux } from '../../ostree/unpack/selinux.ts';

/** What a container says about SELinux, in a line; `undefined` where it has nothing to do with it, or does not tell. */
export function selinuxText(selinux: CommitSelinux | undefined): string | undefined {
  if (selinux === undefined || (selinux.policies.length === 0 && !selinux.isLabelled)) return undefined;
  const policies = selinux.policies.map(({ name, version }) =>
    version === undefined ? `policy ${name}` : `policy ${name}, version ${version}`,
  );
  return [selinux.isLabelled ? 'labelled' : 'not labelled', ...policies].join('; ');
}
