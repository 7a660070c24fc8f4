import { serverText } from '../../../http/server-text.ts';
import { markTemporary } from '../../../http/temporary-errors.ts';
import type { CodeOf, ErrorCode } from '../../../lib/error-codes.ts';
import { CosaError } from '../../../lib/errors.ts';

/** What is asked for, in the words of errors. */
export interface Asked {
  /** `s3://bucket/prefix` */
  url: string;
  bucket: string;
  /** What is done: `writing streams/stable.json`. */
  doing: string;
  /** Takes secrets out of what a server says. */
  hide: (text: string) => string;
}

interface Explanation {
  code: ErrorCode;
  message: string;
  hint?: string;
  isTemporary?: true;
}

/** What the SDK throws for an answer: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
interface ServiceError extends Error {
  $metadata: { httpStatusCode?: number; clockSkewCorrected?: true };
  $response?: { headers?: Readonly<Record<string, string>> };
  Region?: string;
}

const wrongKey: Explanation = {
  code: 'STORE_UNAUTHORIZED',
  message: 'the access key or its secret is wrong',
  hint: 'look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at the profile in ~/.aws/credentials',
};
const expired: Explanation = {
  code: 'STORE_EXPIRED',
  message: 'the credentials have expired',
  hint: 'get new ones, and run the command again: it goes on from there',
};
const overloaded: Explanation = {
  code: 'STORE_UNAVAILABLE',
  message: 'it is out of order, or has too many requests',
  hint: 'run the command again later: it goes on from there',
  isTemporary: true,
};
const damaged: Explanation = {
  code: 'STORE_CHECKSUM',
  message: 'what arrived is not what was sent',
  hint: 'something between here and there changes bytes: look at proxies',
  isTemporary: true,
};
const clock: Explanation = {
  code: 'STORE_CLOCK',
  message: "this machine's clock differs too much from the store's",
  hint: 'set the clock: timedatectl set-ntp true',
};
const noAccessLists: Explanation = {
  code: 'STORE_ACL',
  message: 'the bucket lets nobody say who may read an object',
  hint: 'leave out --public and --private, and let a policy of the bucket say it',
};

/** By the service's own codes. */
const byName: Readonly<Record<string, Explanation>> = {
  SignatureDoesNotMatch: wrongKey,
  InvalidAccessKeyId: wrongKey,
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  InvalidToken: expired,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  XAmzContentChecksumMismatch: damaged,
  IncompleteBody: damaged,
  SlowDown: overloaded,
  InternalError: overloaded,
  ServiceUnavailable: overloaded,
  OperationAborted: overloaded,
  RequestTimeout: overloaded,
  AccessControlListNotSupported: noAccessLists,
};

const regionNames = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);
const redirects = new Set([301, 302, 307, 308]);

/**
 * What a failure of a request means for the user. Errors of ours stay as they are; those that may pass are temporary.
 * Nothing of it holds a secret.
 */
export function storeError(error: unknown, asked: Asked): unknown {
  if (error instanceof CosaError) return error;
  if (!isServiceError(error)) return credentialError(error, asked) ?? error;
  const { code, message, hint, isTemporary } = explain(error, asked);
  const explained = new CosaError(code, `${asked.url}: ${message} (${asked.doing})`, {
    cause: new Error(serverText(`${error.name}: ${error.message}`, asked.hide)),
    ...(hint === undefined ? {} : { hint }),
  });
  // With the service's own time, the next attempt is signed as it should be.
  const isCorrected = code === 'STORE_CLOCK' && error.$metadata.clockSkewCorrected === true;
  if (isTemporary !== true && !isCorrected) return explained;
  return markTemporary(explained, error.$response?.headers?.['retry-after']);
}

/** The status of the answer that an error of the SDK is about; `undefined` for anything else. */
export function statusOf(error: unknown): number | undefined {
  return isServiceError(error) ? error.$metadata.httpStatusCode : undefined;
}

/** True if an answer says this code. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return isServiceError(error) && names.includes(error.name);
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error && '$metadata' in error && (error as ServiceError).$metadata.httpStatusCode !== undefined
  );
}

function explain(error: ServiceError, { bucket, hide }: Asked): Explanation {
  const { name } = error;
  const status = error.$metadata.httpStatusCode ?? 0;
  const known = byName[name];
  if (known !== undefined) return known;
  if (name === 'NoSuchBucket') {
    return {
      code: 'STORE_NOT_FOUND',
      message: `there is no bucket ${bucket}`,
      hint: 'check its name, and the region and endpoint; it has to be there already',
    };
  }
  const region = error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
  if (regionNames.has(name) || redirects.has(status) || (status === 400 && region !== undefined)) {
    const isName = region !== undefined && /^[a-z0-9-]{1,64}$/i.test(region);
    return {
      code: 'STORE_REGION',
      message: `the bucket is in ${isName ? `the region ${region}` : 'another region'}`,
      hint: isName ? `name it: --region ${region}` : 'name its region with --region, or its server with --endpoint',
    };
  }
  if (status === 403 || status === 401) {
    return {
      code: 'STORE_DENIED',
      message: 'access is denied',
      hint: `whose bucket is it? To publish takes the permissions s3:GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload on ${bucket}`,
    };
  }
  if (status >= 500 || status === 429 || status === 408) return overloaded;
  return {
    code: 'STORE_FAILED',
    message: serverText(`status ${status}, ${name}: ${error.message}`, hide),
  };
}

/** Of the chain that looks for credentials; its text may quote what it has read. */
function credentialError(error: unknown, { url }: Asked): CosaError | undefined {
  if (!(error instanceof Error)) return undefined;
  const isCredential = /Credentials?(Provider)?Error$|TokenProviderError$/.test(error.name);
  if (!isCredential && !/credential/i.test(error.message)) return undefined;
  const code: CodeOf<'failed'> = /expired/i.test(error.message) ? 'STORE_EXPIRED' : 'STORE_CREDENTIALS';
  return new CosaError(
    code,
    `${url}: ${code === 'STORE_EXPIRED' ? 'the credentials have expired' : 'no credentials are found'}`,
    {
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with a profile in ~/.aws',
    },
  );
}
