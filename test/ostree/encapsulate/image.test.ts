import { expect, test } from 'vitest';
import { imageConfig } from '../../../src/ostree/encapsulate/image.ts';

const inputs = { layers: [], architecture: 'amd64', labels: {}, timestamp: 0 };

test.each([
  [undefined, ['/sbin/init']],
  [
    ['/usr/bin/tool', '--serve'],
    ['/usr/bin/tool', '--serve'],
  ],
])('the command %j', (command, expected) => {
  expect(imageConfig({ ...inputs, command }).config?.Cmd).toEqual(expected);
});
