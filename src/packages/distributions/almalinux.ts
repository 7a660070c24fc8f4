import type { Distribution } from './distribution.ts';

export const almalinux: Distribution = {
  id: 'almalinux',
  title: 'AlmaLinux',
  family: 'rpm',
  origin: 'AlmaLinux',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/alma' },
  mirrors: [],
};
