import type { Formats } from './artifact.ts';

/** What metadata calls an image: the platform, and the format with its compressor. */
export interface MediaName {
  platform: string;
  format: string;
}

/** Platforms that metadata has among the formats of another one, with what their format begins with, or is. */
const asFormats: Readonly<Record<string, { platform: string; prefix?: string; format?: string }>> = {
  metal4k: { platform: 'metal', prefix: '4k.' },
  'live-iso': { platform: 'metal', format: 'iso' },
  'live-pxe': { platform: 'metal', format: 'pxe' },
};

/** What an image of a platform is called in metadata: `metal4k` and `raw.xz` are `metal` and `4k.raw.xz`. */
export function mediaName(platform: string, format: string): MediaName {
  const other = asFormats[platform];
  if (other === undefined) return { platform, format };
  return { platform: other.platform, format: `${other.prefix ?? ''}${format}` };
}

/**
 * The formats of a platform's images in metadata, for a platform as we or metadata call it. A platform that has others among
 * its formats is itself without them: `metal` is what is written to disks, and `live-iso` its ISO.
 * @returns the platform's name in metadata, and which of its formats are meant
 */
export function mediaOf(platform: string): { platform: string; has: (format: string) => boolean } {
  const other = asFormats[platform];
  if (other !== undefined) return { platform: other.platform, has: (format) => isOf(other, format) };
  const others = Object.values(asFormats).filter((candidate) => candidate.platform === platform);
  return { platform, has: (format) => !others.some((candidate) => isOf(candidate, format)) };
}

function isOf({ prefix, format }: { prefix?: string; format?: string }, text: string): boolean {
  return prefix === undefined ? text === format : text.startsWith(prefix);
}

/** Names that formats have, in their order, chosen by a format, or by what it is without its compressor. */
export function matchingFormats(formats: Formats, wanted: string): string[] {
  const names = Object.keys(formats);
  if (names.includes(wanted)) return [wanted];
  return names.filter((name) => name.startsWith(`${wanted}.`));
}
