import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';
import { someLine } from './one-line.ts';

/** Nobody has as many platforms or tests. */
const most = 100;

/** The keys of release.yaml, which are those of release.json in the container. */
export const releaseKeys = {
  /** Names of platforms, or `all`. */
  platforms: { schema: z.array(someLine).min(1, { error: 'must not be empty' }).max(most) },
  /** Suites and tests: `basic`, `basic/ssh`. */
  require: { schema: z.array(someLine).max(most), default: [] },
} as const;

/** What belongs to a release. Keys that a newer version knows are let through unread. */
export const releaseSettingsSchema = z.object({
  /** Those of image.json unless given. */
  platforms: releaseKeys.platforms.schema.optional(),
  require: releaseKeys.require.schema.default([]),
});

export type ReleaseSettings = z.output<typeof releaseSettingsSchema>;

/** The text of release.json. */
export function releaseSettingsText(settings: ReleaseSettings): string {
  return prettyJson(settings);
}
