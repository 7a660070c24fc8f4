import { nearestHint, validate } from '../../lib/document/validate.ts';
import { parseYaml, type YamlFile } from '../../lib/document/yaml.ts';
import { parseJson } from '../../lib/document.ts';
import { CosaError, type SourcePosition, usageError } from '../../lib/errors.ts';
import { type Policy, policySchema } from './schema.ts';
import { policyTransports, scopeSyntaxOf } from './scope-syntaxes.ts';

/**
 * Parses a policy. Keys that stand twice or are unknown are errors, and so are scopes that no image falls into: a policy
 * that is half understood protects nothing.
 * @throws CosaError `POLICY_INVALID` (exit 2) with the position
 */
export function parsePolicy(text: string, path: string): Policy {
  parseJson(text, ({ reason, position }) =>
    usageError('POLICY_INVALID', `the policy ${reason}`, { where: { file: path, ...position } }),
  );
  try {
    // JSON is YAML too, and the YAML parser knows positions and doubled keys.
    const file = parseYaml(text, path);
    const policy = validate(policySchema, file);
    refuseUnmatchable(policy, file);
    return { ...policy, path };
  } catch (error) {
    if (!(error instanceof CosaError) || error.code === 'POLICY_INVALID') throw error;
    const { where, hint, message } = error;
    throw unusable(message, where, hint, error);
  }
}

function refuseUnmatchable({ transports }: Pick<Policy, 'transports'>, file: YamlFile): void {
  for (const [transport, scopes] of Object.entries(transports)) {
    const syntax = scopeSyntaxOf(transport);
    if (syntax === undefined) {
      const where = file.keyPosition(['transports', transport]);
      const hint = nearestHint(transport, policyTransports());
      throw unusable(`nobody knows the transport "${transport}"`, where, hint);
    }
    for (const scope of Object.keys(scopes)) {
      const reason = scope === '' ? undefined : syntax.unmatchableReason(scope);
      if (reason === undefined) continue;
      throw unusable(scopeMessage(transport, scope, reason), file.keyPosition(['transports', transport, scope]));
    }
  }
}

/**
 * A scope that leads through a link would never match: layouts and archives are known by their real path.
 * @throws CosaError `POLICY_INVALID` (exit 2)
 */
export async function refuseLinks(policy: Policy): Promise<Policy> {
  for (const [transport, scopes] of Object.entries(policy.transports)) {
    const syntax = scopeSyntaxOf(transport);
    for (const scope of Object.keys(scopes)) {
      const real = scope === '' ? scope : ((await syntax?.realScope?.(scope)) ?? scope);
      if (real === scope) continue;
      throw unusable(scopeMessage(transport, scope, `leads through a link: write ${real}`), { file: policy.path });
    }
  }
  return policy;
}

function scopeMessage(transport: string, scope: string, reason: string): string {
  return `no image falls into the scope "${scope}" of ${transport}: it ${reason}`;
}

function unusable(message: string, where?: SourcePosition, hint?: string, cause?: unknown): CosaError {
  return usageError('POLICY_INVALID', `the policy cannot be used: ${message}`, {
    ...(where === undefined ? {} : { where }),
    hint: hint ?? 'see containers-policy.json(5)',
    ...(cause === undefined ? {} : { cause }),
  });
}
