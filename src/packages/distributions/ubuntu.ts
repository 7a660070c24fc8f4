import type { Distribution } from './distribution.ts';

export const ubuntu: Distribution = {
  id: 'ubuntu',
  title: 'Ubuntu',
  family: 'deb',
  origin: 'Ubuntu',
  keyring: { package: 'ubuntu-keyring', prefix: '/usr/share/keyrings/ubuntu-archive' },
  // Security updates are suites of the same archive.
  mirrors: [{ name: 'ubuntu-mirror', label: 'Ubuntu', ending: '/ubuntu' }],
};
