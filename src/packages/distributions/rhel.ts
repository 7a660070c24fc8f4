import type { Distribution } from './distribution.ts';

export const rhel: Distribution = {
  id: 'rhel',
  title: 'Red Hat Enterprise Linux',
  family: 'rpm',
  origin: 'Red Hat, Inc.',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/redhat' },
  mirrors: [],
};
