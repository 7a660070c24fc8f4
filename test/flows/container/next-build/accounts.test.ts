import { describe, expect, it } from 'vitest';
import { labelNames } from '../../../../src/contract/labels.ts';
import { accountsOf, previousAccounts } from '../../../../src/flows/container/next-build/accounts.ts';
import type { Image } from '../../../../src/oci/image.ts';
import { writeFiles } from '../../../config/support.ts';

function imageWith(label: string): Image {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  const descriptor = { mediaType: 'x', digest, size: 1 };
  const config = { config: { Labels: { [labelNames.accounts]: label } } };
  return { descriptor, manifest: { layers: [] }, config } as unknown as Image;
}

describe('the accounts label', () => {
  it('carries the numbers from build to build', async () => {
    const root = await writeFiles({
      'usr/etc/passwd': 'root:x:0:0::/root:/bin/sh\nsvc:x:990:991::/:/bin/false\n',
      'usr/etc/group': 'root:x:0:\nsvc:x:991:\n',
    });
    const image = imageWith(await accountsOf(root));
    expect(previousAccounts(image, 'user')).toEqual({
      kind: 'data',
      ids: new Map([
        ['root', [0, 0]],
        ['svc', [990, 991]],
      ]),
      origin: 'the previous build',
    });
    expect(previousAccounts(image, 'group')).toMatchObject({
      ids: new Map([
        ['root', [0]],
        ['svc', [991]],
      ]),
    });
  });

  it('is not needed', () => {
    expect(previousAccounts(undefined, 'user')).toEqual({ kind: 'none' });
  });

  it.each(['', '{}', '[]', '{"user":{"a":[-1,0]},"group":{}}', '{"user":{"a":["0"]},"group":{}}'])(
    'is not trusted: %j',
    (label) => {
      expect(() => previousAccounts(imageWith(label), 'user')).toThrow(
        "the previous build's label coreos-assembler.accounts cannot be read",
      );
    },
  );
});
