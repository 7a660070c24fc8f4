import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../src/lib/document/yaml.ts';
import { parseRetentionPolicy, readRetentionPolicy, rulesFor } from '../../../src/publish/retention/policy.ts';

const parse = (text: string) => parseRetentionPolicy(parseYaml(text, 'gc.yaml'));

describe('parseRetentionPolicy', () => {
  it('has rules for all streams, and others for some', () => {
    const policy = parse(`
places: [oci, docker://registry.example.com/os, s3://bucket/prefix]
keep-last: 5
keep-days: 90
expire-tags: ["pr-*"]
streams:
  testing: {keep-last: 10}
  lts: {keep-tags: ["*"]}
`);
    expect(policy.places.map(({ name }) => name)).toEqual([
      'oci',
      'docker://registry.example.com/os',
      's3://bucket/prefix',
    ]);
    expect(policy.places[1]?.where).toEqual({ file: 'gc.yaml', line: 2, column: 15 });
    expect(policy.expiringTags).toEqual(['pr-*']);
    expect(rulesFor(policy, 'testing')).toEqual({ last: 10, days: 90 });
    expect(rulesFor(policy, 'lts')).toEqual({ last: 5, days: 90, tags: ['*'] });
    expect(rulesFor(policy, undefined)).toEqual({ last: 5, days: 90 });
  });

  it("is about the work directory's own containers unless it says otherwise", () => {
    expect(parse('keep-last: 3').places.map(({ name }) => name)).toEqual(['oci']);
  });

  const bad: readonly [text: string, code: string, position: string, message: string, hint: string | undefined][] = [
    ['keep-lst: 3', 'CONFIG_UNKNOWN_KEY', '1:1', 'unknown key "keep-lst"', 'did you mean "keep-last"?'],
    [
      'keep-last: 3\nstreams:\n  testing:\n    keep-day: 3',
      'CONFIG_UNKNOWN_KEY',
      '4:5',
      'unknown key "keep-day" in "streams.testing"',
      'did you mean "keep-days"?',
    ],
    ['keep-last: three', 'CONFIG_VALUE', '1:12', '"keep-last" must be a number, not the string "three"', undefined],
    ['keep-last: -1', 'CONFIG_VALUE', '1:12', '"keep-last" must be from 0 to 1000000, not the number -1', undefined],
    ['keep-days: 1.5', 'CONFIG_VALUE', '1:12', '"keep-days" must be a whole number, not the number 1.5', undefined],
    [
      'keep-tags: ["v 1"]',
      'CONFIG_VALUE',
      '1:13',
      '"keep-tags[0]" is no pattern of tags: letters, digits, "._+~-", and "*" and "?", not the string "v 1"',
      undefined,
    ],
    ['keep-last: 3\nplaces: []', 'CONFIG_VALUE', '2:9', '"places" must name a place, not a list', undefined],
    ['keep-last: 3\nplaces: oci', 'CONFIG_VALUE', '2:9', '"places" must be a list, not the string "oci"', undefined],
    ['keep-last: [', 'CONFIG_SYNTAX', '1:13', expect.stringContaining('this is not valid YAML: ') as string, undefined],
    [
      'places: [oci]',
      'RETENTION_POLICY',
      '',
      'gc.yaml has no rule: nothing says what may go',
      'write keep-last, keep-days or keep-tags, for all streams or below "streams" for one',
    ],
  ];
  it.each(bad)('refuses %j', (text, code, position, message, hint) => {
    const [line, column] = position.split(':').map(Number);
    const where = { file: 'gc.yaml', ...(position === '' ? {} : { line, column }) };
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code, exitStatus: 2, message, where, ...(hint === undefined ? {} : { hint }) }),
    );
  });

  it('says that there is none', async () => {
    await expect(readRetentionPolicy('/nowhere/gc.yaml')).rejects.toMatchObject({
      code: 'RETENTION_POLICY',
      exitStatus: 2,
      message: 'there is no policy /nowhere/gc.yaml',
    });
  });
});
