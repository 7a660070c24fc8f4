import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { platformReference } from '../../scripts/platform-reference.ts';
import { platforms } from '../../src/disk/platforms.ts';

it('docs/platforms.md is what npm run docs writes', () => {
  expect(readFileSync(new URL('../../docs/platforms.md', import.meta.url), 'utf8')).toBe(platformReference());
});

it('has a section for every platform, with a link to it', () => {
  const page = platformReference();
  for (const { name } of platforms) {
    expect(page).toContain(`\n## ${name}\n`);
    expect(page).toContain(`](#${name})`);
  }
});
