import { verificationError } from '../../lib/errors.ts';

/** Characters of a line that a boot menu shows. */
const longestTitle = 200;

/**
 * What the boot menu calls a deployment, as ostree words it: the operating system, its version unless that is in the name
 * already, and the number of the deployment.
 * @param osRelease text of os-release(5)
 * @param version of the commit
 * @throws CosaError `CONTAINER_PATH`, `NAME_INVALID` (exit 4)
 */
export function deploymentTitle(osRelease: string, version: string | undefined): string {
  const values = parseOsRelease(osRelease);
  const name = values.get('PRETTY_NAME') ?? values.get('ID');
  if (name === undefined) {
    throw verificationError('CONTAINER_PATH', 'os-release in the container has neither PRETTY_NAME nor ID');
  }
  const shown = version === undefined || name.includes(version) ? name : `${name} ${version}`;
  const title = `${shown} (ostree:0)`;
  // A line break would add lines to the boot loader's files; other control characters work on terminals.
  if (/\p{Cc}/u.test(title) || title.length > longestTitle) {
    throw verificationError(
      'NAME_INVALID',
      `the boot menu cannot show ${JSON.stringify(title.slice(0, longestTitle))}`,
    );
  }
  return title;
}

/**
 * The name that a distribution's own directories have.
 * @param osRelease text of os-release(5)
 * @returns its ID, or `linux`, which the specification has for those without
 */
export function distributionId(osRelease: string): string {
  const id = parseOsRelease(osRelease).get('ID') ?? '';
  return /^[a-z0-9][a-z0-9._-]{0,31}$/.test(id) ? id : 'linux';
}

/**
 * The values of os-release, without their quotes; what cannot be read is left out.
 * https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (line.startsWith('#') || equals === -1) continue;
    const value = unquoted(line.slice(equals + 1));
    if (value !== undefined) values.set(line.slice(0, equals), value);
  }
  return values;
}

/** Removes a shell's quotes; `undefined` if one is not closed. */
function unquoted(text: string): string | undefined {
  const words = /'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\]+/gsuy;
  let result = '';
  let end = 0;
  for (const [word] of text.matchAll(words)) {
    end += word.length;
    if (word.startsWith("'")) result += word.slice(1, -1);
    else if (word.startsWith('"')) result += word.slice(1, -1).replace(/\\([$`"\\])/g, '$1');
    else result += word.startsWith('\\') ? word.slice(1) : word;
  }
  return end === text.length ? result : undefined;
}
