import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { units } from '../../../src/rootfs/steps/units.ts';
import { contextFor, script, shellRoot } from '../support.ts';

const systemctl = script(
  '[ "$3" != bad.service ] || { echo "Unit bad.service does not exist" >&2; exit 1; }',
  'echo "$@" >> /calls',
);

describe('units', () => {
  it("asks the system's own systemctl", async () => {
    const root = await shellRoot({ 'usr/bin/systemctl': systemctl });
    const context = contextFor(root, { units: ['a.service', 'b.timer'] });
    await units.run(context);
    expect(await readFile(join(root, 'calls'), 'utf8')).toBe('--root=/ enable a.service b.timer\n');
  });

  it('needs no systemctl where nothing is asked', async () => {
    const context = contextFor(await shellRoot());
    await units.run(context);
    expect(context.lines).toEqual([]);
  });

  it('quotes what systemctl said', async () => {
    const context = contextFor(await shellRoot({ 'usr/bin/systemctl': systemctl }), {
      units: ['bad.service'],
    });
    await expect(units.run(context)).rejects.toMatchObject({
      code: 'UNITS_NOT_ENABLED',
      exitStatus: 2,
      message: 'systemctl could not enable bad.service\nUnit bad.service does not exist',
    });
  });
});
