import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const nutanix: Platform = {
  name: 'nutanix',
  title: 'Nutanix AHV',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2-compressed',
  ignition: { id: 'nutanix' },
  start: [
    {
      does: 'Let Prism fetch the disk from where you published it, or upload it there: Settings, Image Configuration',
      run: 'acli image.create NAME source_url=https://HOST/IMAGE container=CONTAINER image_type=kDiskImage',
    },
    {
      does:
        'Make a machine with the v3 API of Prism: user data, in base64, are the configuration: ' +
        '`spec.resources.guest_customization.cloud_init.user_data`',
    },
  ],
};
