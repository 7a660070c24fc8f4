import type { Firmware } from '../../firmware.ts';
import { check, type SystemTest } from '../system-test.ts';

/** Of the variable's bytes, the fifth is the value; the four before it are attributes. */
const query =
  'if test -d /sys/firmware/efi; then od --address-radix=n --format=u1 --skip-bytes=4 ' +
  '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c 2>/dev/null || echo 0; else echo bios; fi';

const answers: Readonly<Record<string, Firmware>> = { bios: 'bios', '0': 'uefi', '1': 'uefi-secure' };

export const firmware: SystemTest = {
  name: 'firmware',
  claim: 'the system was booted by the firmware that was asked for, with Secure Boot enforced if that was',
  async run(guest) {
    const answer = await guest.output(query);
    const found = answers[answer];
    check(found === guest.expected.firmware, `booted with ${found ?? answer}, not with ${guest.expected.firmware}`);
  },
};
