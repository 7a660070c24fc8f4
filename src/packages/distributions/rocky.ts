import type { Distribution } from './distribution.ts';

export const rocky: Distribution = {
  id: 'rocky',
  title: 'Rocky Linux',
  family: 'rpm',
  origin: 'Rocky Enterprise Software Foundation',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/rocky' },
  mirrors: [],
};
