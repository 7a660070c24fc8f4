import { serialLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const aws: Platform = {
  name: 'aws',
  title: 'Amazon EC2',
  consoles: {
    x86_64: serialLast,
    aarch64: {
      kernel_arguments: ['console=tty0', 'console=ttyS0,115200n8'],
      grub_commands: ['serial --speed=115200 efi0', 'terminal_input serial_efi0', 'terminal_output serial_efi0'],
    },
  },
  sectorSize: 512,
  size: 'image',
  image: 'vmdk',
  ignition: { id: 'aws' },
  start: [
    { does: 'Upload the disk', run: 'aws s3 cp IMAGE s3://BUCKET/IMAGE' },
    {
      does: 'Make a snapshot of it; `aws ec2 describe-import-snapshot-tasks` tells its id in the end',
      run: "aws ec2 import-snapshot --disk-container 'Format=vmdk,UserBucket={S3Bucket=BUCKET,S3Key=IMAGE}'",
    },
    {
      does:
        'Register an image; boot mode, volume type and metadata service stand in the record beside the disk. For ' +
        'aarch64 the architecture is arm64, and the boot mode uefi',
      run: `aws ec2 register-image --name NAME --architecture x86_64 --virtualization-type hvm \\
  --ena-support --sriov-net-support simple --boot-mode uefi-preferred --imds-support v2.0 \\
  --root-device-name /dev/xvda \\
  --block-device-mappings 'DeviceName=/dev/xvda,Ebs={SnapshotId=SNAPSHOT,VolumeType=gp3}'`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: 'aws ec2 run-instances --image-id AMI --instance-type t3.small --user-data file://CONFIG.ign',
    },
  ],
};
