import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseIgnition, ignitionFinder } from '../../src/disk/ignition.ts';
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
  it('tells Ignition the platform that it knows', () => {
    expect(chooseIgnition(findPlatform('aws'), ['aws', 'metal'])).toEqual({ id: 'aws', support: 'known' });
    expect(chooseIgnition(findPlatform('metal4k'), ['metal'])).toEqual({ id: 'metal', support: 'known' });
  });

  it.each([
    ['hetzner', ['metal', 'openstack'], 'metal'],
    ['proxmoxve', ['metal', 'openstack'], 'openstack'],
    ['proxmoxve', ['metal'], 'metal'],
  ])('says what the disk says instead: %s, of %j', (name, known, id) => {
    const chosen = chooseIgnition(findPlatform(name), known);
    expect(chosen).toMatchObject({ id, support: 'fallback' });
    expect(chosen.remark?.message).toBe(
      `${name}: the Ignition in the container does not know ${name}; the disk says ${id}`,
    );
    expect(chosen.remark?.hint).toMatch(/^for a configuration at the first boot, .*newer Ignition$/);
  });

  it('says that there is no Ignition', () => {
    expect(chooseIgnition(findPlatform('qemu'), undefined)).toEqual({
      id: 'qemu',
      support: 'missing',
      remark: {
        message: 'qemu: the container has no Ignition, so the first boot configures nothing',
        hint: 'it was looked for as /usr/lib/dracut/modules.d/30ignition/ignition',
      },
    });
  });
});
