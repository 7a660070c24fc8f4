import { screenLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const openstack: Platform = {
  name: 'openstack',
  title: 'OpenStack',
  consoles: {
    x86_64: screenLast,
    aarch64: {
      kernel_arguments: ['console=ttyAMA0,115200n8', 'console=tty0'],
      grub_commands: screenLast.grub_commands,
    },
  },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'openstack' },
  start: [
    {
      does: 'Upload the disk; for aarch64 the property is `architecture=aarch64`',
      run: `openstack image create --disk-format qcow2 --container-format bare --min-disk 10 \\
  --property architecture=x86_64 --file IMAGE NAME`,
    },
    {
      does: 'Start a server; user data are the configuration',
      run: 'openstack server create --image NAME --flavor FLAVOR --network NETWORK --user-data CONFIG.ign VM',
    },
  ],
};
