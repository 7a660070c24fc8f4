import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const aliyun: Platform = {
  name: 'aliyun',
  title: 'Alibaba Cloud',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'aliyun' },
  start: [
    { does: 'Upload the disk', run: 'ossutil cp IMAGE oss://BUCKET/IMAGE' },
    {
      does: 'Make an image of it',
      run: `aliyun ecs ImportImage --RegionId REGION --ImageName NAME --Architecture x86_64 --OSType linux \\
  --DiskDeviceMapping.1.OSSBucket BUCKET --DiskDeviceMapping.1.OSSObject IMAGE`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: `aliyun ecs RunInstances --RegionId REGION --ImageId IMAGE-ID --InstanceType TYPE \\
  --VSwitchId SWITCH --SecurityGroupId GROUP --UserData "$(base64 -w0 CONFIG.ign)"`,
    },
  ],
};
