import { readFileSync } from 'node:fs';

/** The version in package.json, which lies two directories up from src/cli and from dist/cli. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
