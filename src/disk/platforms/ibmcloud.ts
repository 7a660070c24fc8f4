import { serialLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const ibmcloud: Platform = {
  name: 'ibmcloud',
  title: 'IBM Cloud VPC',
  consoles: { x86_64: serialLast },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'ibmcloud' },
  start: [
    { does: 'Upload the disk', run: 'ibmcloud cos upload --bucket BUCKET --key IMAGE --file IMAGE' },
    {
      does: 'Make an image of it; the operating system is that whose licence and drivers it is like',
      run: `ibmcloud is image-create NAME --file cos://REGION/BUCKET/IMAGE --os-name fedora-coreos-stable-amd64`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: 'ibmcloud is instance-create VM VPC ZONE PROFILE SUBNET --image NAME --user-data @CONFIG.ign',
    },
  ],
};
