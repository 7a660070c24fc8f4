import type { Distribution } from './distribution.ts';

export const centos: Distribution = {
  id: 'centos',
  title: 'CentOS',
  family: 'rpm',
  origin: 'CentOS',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/centos' },
  mirrors: [],
};
