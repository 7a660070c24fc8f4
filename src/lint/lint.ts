import { CosaError } from '../lib/errors.ts';
import { readContainer } from './container.ts';
import type { LayerStream } from './merged-tree.ts';
import type { Rule } from './rule.ts';
import { accountRules } from './rules/accounts.ts';
import { bootRules } from './rules/boot.ts';
import { fileRules } from './rules/files.ts';

/** Holds while a container is read: a name that is no UTF-8 ends the reading. */
const utf8: Rule = {
  name: 'utf8',
  level: 'error',
  source: 'bootc',
  claim: 'all names are UTF-8',
  advice: 'rename the file: ostree takes no such name',
  check: () => [],
};

/** Every rule, in the order in which findings are listed. */
export const rules: readonly Rule[] = [utf8, ...bootRules, ...fileRules, ...accountRules];

/** A rule that does not hold for a container. */
export interface Finding {
  rule: Rule;
  /** What is wrong, a line each. */
  details: readonly string[];
}

export interface LintReport {
  /** Errors first. */
  findings: readonly Finding[];
  /** Names of the rules that hold. */
  passed: readonly string[];
  /** Names of the rules that nothing can be said of, because the container cannot be read. */
  unchecked: readonly string[];
}

/**
 * Checks a container by every rule, from its layers' streams and in memory.
 * @throws CosaError what `readContainer` throws, but for names that are no UTF-8, which are a finding
 */
export async function lint(
  layers: readonly LayerStream[],
  labels: Readonly<Record<string, string>>,
): Promise<LintReport> {
  try {
    const container = await readContainer(layers, labels);
    const findings = rules.map((rule) => ({ rule, details: rule.check(container) }));
    const isFinding = ({ details }: Finding) => details.length > 0;
    const failed = findings.filter(isFinding);
    return {
      findings: [...failed.filter(isError), ...failed.filter((finding) => !isError(finding))],
      passed: findings.filter((finding) => !isFinding(finding)).map(({ rule }) => rule.name),
      unchecked: [],
    };
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'TAR_NAME_ENCODING') throw error;
    const unchecked = rules.filter((rule) => rule !== utf8).map(({ name }) => name);
    return { findings: [{ rule: utf8, details: [error.message] }], passed: [], unchecked };
  }
}

function isError({ rule }: Finding): boolean {
  return rule.level === 'error';
}
