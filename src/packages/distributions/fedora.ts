import type { Distribution } from './distribution.ts';

export const fedora: Distribution = {
  id: 'fedora',
  title: 'Fedora',
  family: 'rpm',
  origin: 'Fedora Project',
  keyring: { package: 'distribution-gpg-keys', prefix: '/usr/share/distribution-gpg-keys/fedora' },
  mirrors: [],
};
