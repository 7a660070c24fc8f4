import type { TreefileValues } from '../treefile-keys.ts';

/**
 * What a file says by one of its keys without writing it out.
 * @returns key, value, and the key that implies it
 */
export function impliedValues(values: TreefileValues): [keyof TreefileValues, unknown, keyof TreefileValues][] {
  const implied: [keyof TreefileValues, unknown, keyof TreefileValues][] = [];
  // Whatever the file itself says of these.
  if (values.container === true) {
    implied.push(
      ['boot-location', 'modules', 'container'],
      ['selinux', false, 'container'],
      ['tmp-is-dir', true, 'container'],
      ['preserve-passwd', false, 'container'],
      ['check-passwd', { type: 'none' }, 'container'],
      ['check-groups', { type: 'none' }, 'container'],
    );
  } else if (values.edition === '2024') {
    if (values['boot-location'] === undefined) implied.push(['boot-location', 'modules', 'edition']);
    if (values['tmp-is-dir'] === undefined) implied.push(['tmp-is-dir', true, 'edition']);
  }
  return implied;
}
