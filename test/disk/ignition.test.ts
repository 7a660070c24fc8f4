import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseIgnition, ignitionFinder, ignitionRemarks } from '../../src/disk/ignition.ts';
import { findPlatform } from '../../src/disk/platforms.ts';

/** As Go's table of functions has them: one after the other, each ended by a zero. */
const program = Buffer.from(
  [
    'github.com/coreos/ignition/v2/internal/providers/aliyun.FetchConfig',
    'github.com/coreos/ignition/v2/internal/providers/azure.init.0',
    'github.com/coreos/ignition/v2/internal/providers/util.ParseConfig',
    'github.com/coreos/ignition/v2/internal/providers/noop.FetchConfig',
    'internal/providers/openstack/openstack.go',
    'internal/providers/cut',
  ].join('\0'),
);

function platformsOf(chunks: readonly Uint8Array[]): string[] {
  const finder = ignitionFinder();
  for (const chunk of chunks) finder.write(chunk);
  return finder.platforms();
}

describe('ignitionFinder', () => {
  it('finds the packages of platforms, and the one that every version knows', () => {
    expect(platformsOf([program])).toEqual(['aliyun', 'azure', 'metal', 'openstack']);
  });

  it('finds the same however the program is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(program.length), { maxLength: 40 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), program.length];
        const chunks = cuts.slice(1).map((end, index) => program.subarray(cuts[index], end));
        expect(platformsOf(chunks)).toEqual(['aliyun', 'azure', 'metal', 'openstack']);
      }),
      { numRuns: 300 },
    );
  });

  it('finds nothing in another program, and no end of names in a hostile one', () => {
    expect(platformsOf([Buffer.from('#!/bin/sh\n')])).toEqual([]);
    const names = Array.from({ length: 5000 }, (_, index) => `internal/providers/x${index}.A\0`);
    expect(platformsOf([Buffer.from(names.join(''))]).length).toBeLessThan(300);
  });
});

describe('chooseIgnition', () => {
  it.each([
    ['aws', ['aws', 'metal'], { platform: 'aws', support: 'known' }],
    ['metal4k', ['metal'], { platform: 'metal', support: 'known' }],
    ['hetzner', ['metal', 'openstack'], { platform: 'metal', support: 'fallback' }],
    ['proxmoxve', ['metal', 'openstack'], { platform: 'openstack', support: 'fallback' }],
    ['proxmoxve', ['metal'], { platform: 'metal', support: 'fallback' }],
    ['qemu', undefined, { platform: 'qemu', support: 'missing' }],
  ])('tells Ignition on %s, of %j', (name, known, chosen) => {
    expect(chooseIgnition(findPlatform(name), known)).toEqual(chosen);
  });
});

describe('ignitionRemarks', () => {
  function remarksOf(names: readonly string[], known: readonly string[] | undefined) {
    return ignitionRemarks(
      names.map((name) => ({ platform: findPlatform(name), chosen: chooseIgnition(findPlatform(name), known) })),
    );
  }

  it('says nothing of platforms that are known', () => {
    expect(remarksOf(['aws', 'metal'], ['aws', 'metal'])).toEqual([]);
  });

  it('says once what disks say instead, and how a configuration gets there', () => {
    expect(remarksOf(['qemu', 'applehv', 'hetzner', 'hyperv', 'proxmoxve'], ['metal', 'openstack', 'qemu'])).toEqual([
      {
        message: 'the Ignition in the container does not know applehv, hetzner and hyperv: their disks say metal',
        hint:
          'for a configuration at the first boot, write it into the boot filesystem as ignition/config.ign, or give its ' +
          'address as ignition.config.url=… on the kernel command line',
      },
      {
        message: 'the Ignition in the container does not know proxmoxve: its disk says openstack',
        hint:
          "for a configuration at the first boot, make the cloud-init drive one of OpenStack's form: " +
          'qm set ID --citype configdrive2',
      },
    ]);
  });

  it('says that there is no Ignition', () => {
    expect(remarksOf(['qemu', 'aws'], undefined)).toEqual([
      {
        message: 'the container has no Ignition: the first boot of qemu and aws configures nothing',
        hint: 'it was looked for as /usr/lib/dracut/modules.d/30ignition/ignition',
      },
    ]);
  });
});
