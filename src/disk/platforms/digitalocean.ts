import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const digitalocean: Platform = {
  name: 'digitalocean',
  title: 'DigitalOcean',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'digitalocean' },
  start: [
    {
      does: 'Let it fetch the disk from where you published it, as it is or compressed with gzip',
      run: 'doctl compute image create NAME --region REGION --image-url https://HOST/IMAGE',
    },
    {
      does: 'Start a droplet; user data are the configuration',
      run: `doctl compute droplet create VM --image IMAGE-ID --region REGION --size s-1vcpu-2gb \\
  --ssh-keys KEY-ID --user-data-file CONFIG.ign`,
    },
  ],
};
