import { describe, expect, it } from 'vitest';
import { findPlatform, platforms } from '../../src/disk/platforms.ts';
import { platformContract } from './platform.ts';

it('lists platforms sorted, each once', () => {
  const names = platforms.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].sort());
});

describe('findPlatform', () => {
  it.each([
    ['qmeu', 'did you mean "qemu"?'],
    ['METAL', 'did you mean "metal" or "metal4k"?'],
    ['azurestak', 'did you mean "azurestack"?'],
    ['al', 'did you mean "all"?'],
    ['floppy', `there are: ${platforms.map(({ name }) => name).join(', ')}`],
    ['\u001b[2J', `there are: ${platforms.map(({ name }) => name).join(', ')}`],
  ])('says of %j what there is', (name, hint) => {
    expect(() => findPlatform(name)).toThrow(
      expect.objectContaining({
        code: 'PLATFORM_UNKNOWN',
        exitStatus: 2,
        message: `"${name}" is not a platform that disk images can be made for`,
        hint,
      }),
    );
  });
});

for (const platform of platforms) platformContract(platform);
