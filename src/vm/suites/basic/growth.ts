import { check, type SystemTest } from '../system-test.ts';

/** A disk keeps a little to itself: alignment, and the second copy of the partition table. */
const slackBytes = 4 * 1024 * 1024;

/** An ext4 filesystem's own tables. */
const smallestShare = 0.9;

export const growth: SystemTest = {
  name: 'growth',
  claim: 'the root partition and its filesystem have grown to the disk',
  async run(guest) {
    const device = await guest.output('findmnt --noheadings --nofsroot --output SOURCE --target /sysroot');
    check(/^\/dev\/[a-z0-9]+$/.test(device), `/sysroot is on ${device}`);
    const name = device.slice('/dev/'.length);
    const [start, sectors] = await numbers(`cat /sys/class/block/${name}/start /sys/class/block/${name}/size`);
    const end = (start + sectors) * 512;
    const { diskSize } = guest.expected;
    check(end > diskSize - slackBytes, `the root partition ends at byte ${end} of ${diskSize}`);
    const [blocks, blockSize] = await numbers("stat --file-system --format '%b\n%S' /sysroot");
    const share = (blocks * blockSize) / (sectors * 512);
    check(share > smallestShare, `the root filesystem fills ${Math.round(share * 100)} % of its partition`);

    async function numbers(command: string): Promise<[number, number]> {
      const [first, second] = (await guest.output(command)).split('\n').map(Number);
      check(first !== undefined && second !== undefined, `"${command}" gives no two numbers`);
      return [first, second];
    }
  },
};
