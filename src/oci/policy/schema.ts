import { z } from 'zod';
import { decodeBase64 } from '../../lib/base64.ts';
import { parseImageName } from '../image-name.ts';
import type { IdentityRule } from '../signatures/identity.ts';

// containers-policy.json(5): what an image must fulfil before it is used.
// https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md

/** A condition; all of a scope's must be met. */
export type Requirement =
  | { type: 'insecureAcceptAnything' }
  | { type: 'reject' }
  | SignedRequirement
  /** A condition that cosa cannot check, and so never takes as met. */
  | { type: 'unsupported'; what: string };

/** A signature by one of some keys, under an accepted name. */
export interface SignedRequirement {
  type: 'sigstoreSigned';
  /** Files, or PEM. */
  keys: readonly ({ path: string } | { pem: string })[];
  signedIdentity: IdentityRule;
}

/** A policy file, read and checked. */
export interface Policy {
  /** The file. */
  path: string;
  default: readonly Requirement[];
  /** Transport → scope → requirements. */
  transports: Readonly<Record<string, Readonly<Record<string, readonly Requirement[]>>>>;
}

const name = (part: 'reference' | 'repository') =>
  z.string().refine(
    (text) => {
      const parsed = parseImageName(text);
      if (parsed === undefined) return false;
      const hasSelector = (parsed.tag ?? parsed.digest) !== undefined;
      return hasSelector === (part === 'reference');
    },
    { error: `must be HOST/REPOSITORY ${part === 'reference' ? 'with a tag or digest' : 'without tag'}` },
  );

const identityRule = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.enum(['matchExact', 'matchRepoDigestOrExact', 'matchRepository']) }),
    z.strictObject({ type: z.literal('exactReference'), dockerReference: name('reference') }),
    z.strictObject({ type: z.literal('exactRepository'), dockerRepository: name('repository') }),
    z.strictObject({ type: z.literal('remapIdentity'), prefix: z.string().min(1), signedPrefix: z.string().min(1) }),
  ],
  {
    error:
      'must be matchExact, matchRepoDigestOrExact, matchRepository, exactReference, exactRepository or remapIdentity',
  },
);

const keyFile = z.string().min(1);
const keyText = z.string().transform((text, context) => {
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return decoded.toString();
  context.addIssue({ code: 'custom', message: 'must be base64 of a PEM file' });
  return z.NEVER;
});

const keySources = ['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki'] as const;
const logSources = ['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas'] as const;

const signed = z
  .strictObject({
    type: z.literal('sigstoreSigned'),
    keyPath: keyFile.optional(),
    keyPaths: z.array(keyFile).min(1).optional(),
    keyData: keyText.optional(),
    keyDatas: z.array(keyText).min(1).optional(),
    fulcio: z.unknown().optional(),
    pki: z.unknown().optional(),
    rekorPublicKeyPath: z.unknown().optional(),
    rekorPublicKeyPaths: z.unknown().optional(),
    rekorPublicKeyData: z.unknown().optional(),
    rekorPublicKeyDatas: z.unknown().optional(),
    signedIdentity: identityRule.default({ type: 'matchRepoDigestOrExact' }),
  })
  .refine((requirement) => keySources.filter((key) => requirement[key] !== undefined).length === 1, {
    error: `must have exactly one of ${keySources.join(', ')}`,
  })
  .transform((requirement): Requirement => {
    const beyondKeys = [...keySources.slice(4), ...logSources].find((key) => requirement[key] !== undefined);
    if (beyondKeys !== undefined) return { type: 'unsupported', what: `sigstoreSigned with ${beyondKeys}` };
    const { keyPath, keyPaths = [], keyData, keyDatas = [], signedIdentity } = requirement;
    const paths = [...(keyPath === undefined ? [] : [keyPath]), ...keyPaths].map((path) => ({ path }));
    const pems = [...(keyData === undefined ? [] : [keyData]), ...keyDatas].map((pem) => ({ pem }));
    return { type: 'sigstoreSigned', keys: [...paths, ...pems], signedIdentity };
  });

/** Only needed once an image falls under it: what is in it need not be understood. */
const unsupported = <Type extends string>(type: Type, what: string) =>
  z.looseObject({ type: z.literal(type) }).transform((): Requirement => ({ type: 'unsupported', what }));

const requirements = z
  .array(
    z.discriminatedUnion(
      'type',
      [
        z.strictObject({ type: z.literal('insecureAcceptAnything') }),
        z.strictObject({ type: z.literal('reject') }),
        signed,
        unsupported('signedBy', 'signedBy (GPG)'),
        unsupported('signedBaseLayer', 'signedBaseLayer'),
      ],
      { error: 'must be insecureAcceptAnything, reject, sigstoreSigned or signedBy' },
    ),
  )
  .min(1, { error: 'must have at least one requirement' });

/** The file's structure. Strict: a misspelt key would otherwise open what it should close. */
export const policySchema = z.strictObject({
  default: requirements,
  transports: z.record(z.string(), z.record(z.string(), requirements)).default({}),
});
