import { beforeAll, expect, it } from 'vitest';
import { builtWorkDirectory, cosaOk } from './fixture.ts';

interface Report {
  findings: { name: string; level: string; details: string[] }[];
  passed: string[];
}

let report: Report;
beforeAll(async () => {
  report = JSON.parse(await cosaOk(await builtWorkDirectory(), ['lint', '--json'])) as Report;
});

it('the example breaks no rule that systems could not do without', () => {
  expect(report.findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(report.passed).toEqual(
    expect.arrayContaining(['kernel', 'initramfs', 'nonempty-boot', 'var-tmpfiles', 'disk-files']),
  );
});

it('all that it leaves to wish for is composefs, which its disks do not have', () => {
  expect(report.findings.map(({ name, details }) => [name, details])).toEqual([
    ['baseimage-composefs', ['it is not enabled']],
  ]);
});
