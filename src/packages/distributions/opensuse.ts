import type { Distribution } from './distribution.ts';

export const opensuse: Distribution = {
  id: 'opensuse',
  title: 'openSUSE',
  family: 'rpm',
  origin: 'openSUSE',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/opensuse' },
  mirrors: [],
};
