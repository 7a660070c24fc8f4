import { z } from 'zod';
import { validate } from '../../lib/document/validate.ts';
import { readYaml, type YamlFile } from '../../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../../lib/errors.ts';

/** What stays of a stream: whatever one of them keeps. */
export interface RetentionRules {
  /** The newest versions, by the time at which they were made. */
  last?: number | undefined;
  /** What was made within so many days. */
  days?: number | undefined;
  /** What has a version or another tag that one of these patterns stands for. */
  tags?: readonly string[] | undefined;
}

export interface RetentionPolicy {
  /** References of places for containers, and URLs of object stores; `oci` is that of the work directory. */
  places: readonly { name: string; where: SourcePosition }[];
  /** Patterns of tags that keep nothing, though they are no versions. */
  expiringTags: readonly string[];
  /** Of streams that have none of their own. */
  rules: RetentionRules;
  streams: ReadonlyMap<string, RetentionRules>;
}

const pattern = z
  .string()
  .regex(/^[A-Za-z0-9._*?+~-]+$/, { error: 'is no pattern of tags: letters, digits, "._+~-", and "*" and "?"' });

const mostDays = 100_000;
const mostVersions = 1_000_000;
const mostEntries = 1000;

const bounded = (most: number) => {
  const error = `must be from 0 to ${most}`;
  return z.int().min(0, { error }).max(most, { error }).optional();
};

const ruleKeys = {
  'keep-last': bounded(mostVersions),
  'keep-days': bounded(mostDays),
  'keep-tags': z.array(pattern).max(mostEntries).optional(),
};

const policySchema = z.strictObject({
  ...ruleKeys,
  places: z.array(z.string().min(1)).min(1, { error: 'must name a place' }).max(mostEntries).default(['oci']),
  'expire-tags': z.array(pattern).max(mostEntries).default([]),
  streams: z.record(z.string().min(1), z.strictObject(ruleKeys)).default({}),
});

/**
 * Reads a policy of retention.
 * @param path how errors name it
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`, `RETENTION_POLICY` (exit 2), each with line and column; what
 *   `readYaml` throws
 */
export async function readRetentionPolicy(path: string): Promise<RetentionPolicy> {
  const file = await readYaml(path);
  if (file === undefined) {
    throw usageError('RETENTION_POLICY', `there is no policy ${path}`, { hint: 'see docs/run-your-own-stream.md' });
  }
  return parseRetentionPolicy(file);
}

/** As {@link readRetentionPolicy}, of what was read. */
export function parseRetentionPolicy(file: YamlFile): RetentionPolicy {
  const { places, streams, 'expire-tags': expiringTags, ...own } = validate(policySchema, file);
  const rules = rulesOf(own);
  const ofStreams = new Map(Object.entries(streams).map(([name, values]) => [name, { ...rules, ...rulesOf(values) }]));
  if (![rules, ...ofStreams.values()].some(isRule)) {
    throw usageError('RETENTION_POLICY', `${file.path} has no rule: nothing says what may go`, {
      where: { file: file.path },
      hint: 'write keep-last, keep-days or keep-tags, for all streams or below "streams" for one',
    });
  }
  return {
    places: places.map((name, index) => ({ name, where: file.valuePosition(['places', index]) })),
    expiringTags,
    rules,
    streams: ofStreams,
  };
}

function rulesOf(values: z.output<z.ZodObject<typeof ruleKeys>>): RetentionRules {
  const { 'keep-last': last, 'keep-days': days, 'keep-tags': tags } = values;
  return {
    ...(last === undefined ? {} : { last }),
    ...(days === undefined ? {} : { days }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** True if they say anything: of a stream that no rule is about, everything stays. */
export function isRule({ last, days, tags }: RetentionRules): boolean {
  return last !== undefined || days !== undefined || tags !== undefined;
}

/** The rules for a stream, its own where it has some. */
export function rulesFor({ rules, streams }: RetentionPolicy, stream: string | undefined): RetentionRules {
  return (stream === undefined ? undefined : streams.get(stream)) ?? rules;
}
