import { usageError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';

/** libsolv's sentences: https://github.com/openSUSE/libsolv/blob/master/src/problems.c, and ours. Others stay as they are. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^nothing provides (.+) needed by (\S+)$/, '$2 needs $1, which nothing provides'],
  [/^nothing provides requested (.+)$/, 'nothing provides $1'],
  [
    /^package (\S+) requires (.+), but none of the providers can be installed$/,
    '$1 needs $2, and nothing that provides it can be installed',
  ],
  [/^package (\S+) is filtered out by exclude filtering$/, '$1 is left out'],
  [/^package (\S+) is filtered out by modular filtering$/, '$1 is hidden by a module'],
  [/^package (\S+) has inferior architecture$/, '$1 is for an architecture that another package fits better'],
  [
    /^package (\S+) does not have a compatible architecture$/,
    '$1 is for an architecture that this system does not run',
  ],
  [/^package (\S+) conflicts with (.+) provided by (\S+)$/, '$1 conflicts with $2, which $3 provides'],
  [/^package (\S+) obsoletes (.+) provided by (\S+)$/, '$1 takes the place of $2, which $3 provides'],
  [/^cannot install both (\S+) and (\S+)$/, '$1 and $2 cannot both be installed'],
  [/^cannot install the best candidate for the job$/, 'the newest version of what is asked for cannot be installed'],
];

/** Says nothing that the next line does not. */
const empty = ['conflicting requests', 'package conflicts', ''];

/** A solver's sentence in our words: `foo 1.0-1.noarch needs bar, which nothing provides`. */
export function readableProblem(text: string): string {
  const bare = text
    .trim()
    .replace(/^[-\s]+/, '')
    .replace(/^Problem(?: \d+)?: /i, '');
  // Dnf 5 says the repository of each package.
  const line = printable(bare.replace(/(\S+-[^-\s]+-[^-\s]+\.\w+) from \S+/g, '$1'));
  const known = sentences.find(([pattern]) => pattern.test(line));
  const sentence = known === undefined ? line : line.replace(known[0], known[1]);
  // NAME-VERSION-RELEASE.ARCHITECTURE, as lockfiles have it.
  return sentence.replace(/(?<=^|[\s(])([A-Za-z0-9][\w+.-]*)-((?:\d+:)?[^-\s]+-[^-\s]+\.\w+)(?=$|[\s,)])/g, '$1 $2');
}

/**
 * The error for a request that has no solution.
 * @param problems as the solver tells them, each in one or more sentences
 * @param exclude what the config leaves out
 */
export function unsolvable(problems: readonly (readonly string[])[], exclude: readonly string[]): Error {
  const lines = [
    ...new Set(
      problems
        .flat()
        .flatMap((text) => text.split('\n'))
        .map(readableProblem)
        .filter((line) => !empty.includes(line.toLowerCase())),
    ),
  ];
  const shown = lines.slice(0, 20).map((line) => `  ${line}`);
  const more = lines.length > shown.length ? [`  and ${lines.length - shown.length} more`] : [];
  const text = [...shown, ...more].join('\n');
  const blocked = exclude.filter((name) =>
    lines.some((line) => line.startsWith(`${name} `) && line.endsWith('is left out')),
  );
  return usageError('DEPENDENCIES_UNSATISFIABLE', `no choice of versions satisfies every dependency:\n${text}`, {
    hint:
      blocked.length === 0
        ? 'leave out a package that is named, or add the repository that has what is missing'
        : `${blocked.join(', ')} stands in exclude-packages`,
  });
}

/** True if a file that no index of packages names may be what is missing. */
export function mentionsFiles(problems: readonly (readonly string[])[]): boolean {
  return problems.flat().some((text) => /\bprovides (?:requested )?\/|\brequires \//.test(text));
}
