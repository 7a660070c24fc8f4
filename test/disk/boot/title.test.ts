import { describe, expect, it } from 'vitest';
import { deploymentTitle } from '../../../src/disk/boot/title.ts';

describe('deploymentTitle', () => {
  it.each([
    ['a quoted name', 'PRETTY_NAME="Test OS 1"', 'Test OS 1 2.0 (ostree:0)'],
    ['single quotes', 'PRETTY_NAME=\'Test "OS"\'', 'Test "OS" 2.0 (ostree:0)'],
    ['no quotes', 'PRETTY_NAME=Test\\ OS', 'Test OS 2.0 (ostree:0)'],
    ['escapes in quotes', 'PRETTY_NAME="a \\"b\\" \\$c \\n"', 'a "b" $c \\n 2.0 (ostree:0)'],
    ['a version in the name', 'PRETTY_NAME="Test OS 2.0 (x)"', 'Test OS 2.0 (x) (ostree:0)'],
    ['the last of two', 'PRETTY_NAME=a\nPRETTY_NAME=b', 'b 2.0 (ostree:0)'],
    ['a comment', '#PRETTY_NAME=a\nNAME=x\nID=test', 'test 2.0 (ostree:0)'],
    ['a quote that is not closed', 'PRETTY_NAME="a\nID=test', 'test 2.0 (ostree:0)'],
  ])('reads %s', (_name, text, title) => {
    expect(deploymentTitle(text, '2.0')).toBe(title);
  });

  it('has no version where the commit has none', () => {
    expect(deploymentTitle('ID=test', undefined)).toBe('test (ostree:0)');
  });

  it.each([
    ['an escape sequence', 'PRETTY_NAME="\u001b[2J"', '2.0', '"\\u001b[2J 2.0 (ostree:0)"'],
    ['a line break in the version', 'ID=x', '2\nlinux /evil', '"x 2\\nlinux /evil (ostree:0)"'],
    ['a novel', `ID=${'x'.repeat(300)}`, undefined, `"${'x'.repeat(200)}"`],
  ])('refuses %s', (_name, text, version, shown) => {
    const message = `the boot menu cannot show ${shown}`;
    expect(() => deploymentTitle(text, version)).toThrow(
      expect.objectContaining({ code: 'NAME_INVALID', exitStatus: 4, message }),
    );
  });

  it('refuses an os-release without a name', () => {
    expect(() => deploymentTitle('VERSION=1', '1')).toThrow(
      'os-release in the container has neither PRETTY_NAME nor ID',
    );
  });
});
