import type { Distribution } from './distribution.ts';

export const debian: Distribution = {
  id: 'debian',
  title: 'Debian',
  family: 'deb',
  origin: 'Debian',
  keyring: { package: 'debian-archive-keyring', prefix: '/usr/share/keyrings/debian-archive' },
  mirrors: [
    { name: 'mirror', label: 'Debian', ending: '/debian' },
    {
      name: 'mirror-security',
      label: 'Debian-Security',
      ending: '/debian-security',
      adjacent: { variable: 'mirror', suffix: '-security' },
    },
  ],
};
