import { CosaError, usageError, verificationError } from '../../lib/errors.ts';
import type { DebSource } from './sources.ts';

/** The error for an `apt-get update` that failed. */
export function updateError(output: string, sources: readonly DebSource[]): CosaError {
  const lines = output.split('\n').filter((line) => /^[EW]: /.test(line));
  const text = lines.map((line) => line.slice(3)).join('\n');
  const repository = sources.find(({ uris }) => uris.some((uri) => text.includes(uri.replace(/\/$/, ''))))?.repository;
  const subject = repository === undefined ? 'a repository' : `the repository "${repository}"`;
  const detail = quoted(text);
  if (/is not valid yet|is expired|Release file .* expired/i.test(text)) {
    return verificationError('REPOSITORY_EXPIRED', `the index of ${subject} is out of date:\n${detail}`, {
      hint: 'check the clock of this machine; for a snapshot of an archive, set "Check-Valid-Until: no"',
    });
  }
  if (
    /GPG error|NO_PUBKEY|BADSIG|EXPKEYSIG|not signed|signature|signed file isn't valid|does not have a Release file/i.test(
      text,
    )
  ) {
    return verificationError('REPOSITORY_SIGNATURE', `the signature of ${subject} is not good:\n${detail}`, {
      hint: 'name the key that signs it with Signed-By, in the repository file',
    });
  }
  if (/Hash Sum mismatch|unexpected size/i.test(text)) {
    return verificationError(
      'REPOSITORY_SIGNATURE',
      `an index of ${subject} is not the one that was signed:\n${detail}`,
      {
        hint: 'the mirror may be in the middle of an update: try again in a few minutes',
      },
    );
  }
  return new CosaError('REPOSITORY_UNREACHABLE', `${subject} cannot be reached:\n${detail}`, {
    hint: "check the address and the network; ${mirror} is the machine's own apt mirror, unless the manifest's variables pin another",
  });
}

/** The error for an `apt-get install` that found no solution. */
export function solverError(output: string, exclude: readonly string[]): CosaError {
  const reasons = unmetDependencies(output);
  const text = reasons.length === 0 ? quoted(errorLines(output)) : reasons.map((reason) => `  ${reason}`).join('\n');
  const blocked = exclude.filter((name) => new RegExp(`(^|[\\s|])${escaped(name)}(?![\\w.+-])`, 'm').test(text));
  return usageError('DEPENDENCIES_UNSATISFIABLE', `no choice of versions satisfies every dependency:\n${text}`, {
    hint:
      blocked.length === 0
        ? 'leave out a package that is named, or add the repository that has what is missing'
        : `${blocked.join(', ')} stands in exclude-packages`,
  });
}

const relations: Readonly<Record<string, string>> = {
  Depends: 'depends on',
  PreDepends: 'depends on',
  Recommends: 'recommends',
  Conflicts: 'conflicts with',
  Breaks: 'breaks',
};

/** apt's table of unmet dependencies as sentences: "foo depends on bar (>= 2), but it is not installable". */
function unmetDependencies(output: string): string[] {
  const reasons: string[] = [];
  let subject = '';
  let begun = false;
  for (const line of output.split('\n')) {
    if (line.startsWith('The following packages have unmet dependencies')) {
      begun = true;
      continue;
    }
    if (!begun) continue;
    const match = /^ (?:(\S+) :|\s+) ?(Depends|PreDepends|Recommends|Conflicts|Breaks): (.*?)( or|)$/.exec(line);
    if (match === null) {
      if (line.startsWith(' ') && reasons.length > 0) {
        reasons.push(`${reasons.pop()}; or ${sentence(line.trim())}`);
        continue;
      }
      break;
    }
    const [, name, relation = '', rest = ''] = match;
    subject = name ?? subject;
    reasons.push(`${subject} ${relations[relation] ?? relation} ${sentence(rest)}`);
  }
  return reasons;
}

function sentence(text: string): string {
  return text.replace(/ but /, ', but ').replace(/ or$/, '').replace(/\s+/g, ' ').replaceAll(' ,', ',');
}

function errorLines(output: string): string {
  return output
    .split('\n')
    .filter((line) => line.startsWith('E: '))
    .map((line) => line.slice(3))
    .join('\n');
}

function quoted(text: string): string {
  const lines = text.split('\n').slice(0, 12);
  return lines.map((line) => `  ${line}`).join('\n');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
