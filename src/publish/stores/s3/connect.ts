import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { createConnections, usualTimeouts } from '../../../http/connections.ts';
import { withLog } from '../../../http/log.ts';
import type { Peer } from '../../../http/peer.ts';
import { environmentProxies } from '../../../http/proxies.ts';
import { type Attempts, createAttempts, waitFor } from '../../../http/retry.ts';
import { createSecrets } from '../../../http/secrets.ts';
import { isTemporary } from '../../../http/temporary-errors.ts';
import { createTransport } from '../../../http/transport.ts';
import { usageError } from '../../../lib/errors.ts';
import type { StoreEnvironment, StoreOptions } from '../../store-environment.ts';
import { storeError } from './errors.ts';
import { requestHandler } from './request-handler.ts';

/** A service that speaks S3, with the credentials for it. */
export interface S3Connection extends AsyncDisposable {
  readonly client: S3Client;
  /** Address of the server that the user has named; `undefined` for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /**
   * Sends requests; what fails and may pass is tried again, some times.
   * @param doing what they do, for messages: `writing streams/stable.json`
   * @throws CosaError `STORE_…`
   */
  attempt<T>(doing: string, requests: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** As `attempt`, for a transfer that counts its own attempts. */
  attempts(doing: string, signal: AbortSignal | undefined): Attempts;
  /** The error that a failure of a request is for the user. */
  explain(error: unknown, doing: string): unknown;
}

// Of Node's next version, of which nobody who reads the warning decides.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Where requests are signed for if nobody says it: other services take any region, and Amazon's then names the right one. */
const usualRegion = 'us-east-1';

/**
 * Makes a client with the user's AWS configuration: environment, shared files, profiles, web identity, instance metadata.
 * Asks no server yet.
 * @throws CosaError `STORE_URL` (exit 2) for an endpoint that is none
 */
export async function connect(
  { bucket, url }: { bucket: string; url: string },
  options: StoreOptions,
  { environment, warn = () => undefined, log, timeouts = usualTimeouts, wait = waitFor }: StoreEnvironment,
): Promise<S3Connection> {
  const endpoint = endpointOf(
    options.endpoint ?? (environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL || undefined),
  );
  const connections = createConnections({
    certificates: async () => {
      const { trustedAuthorities } = await import('../../../http/authorities.ts');
      const named = environment.AWS_CA_BUNDLE;
      const ca = await trustedAuthorities(named ? [named] : [], environment);
      return ca === undefined ? {} : { ca };
    },
    proxies: environmentProxies(environment),
    timeouts,
  });
  const secrets = createSecrets();
  const host = endpoint === undefined ? 's3.amazonaws.com' : new URL(endpoint).host;
  const peer: Peer = { kind: 'object store', host, codes: 'STORE' };
  const wire = createTransport(connections, peer);
  const logged = log === undefined ? wire : withLog(wire, { log, secrets, now: () => performance.now() });
  const configuration = {
    requestHandler: requestHandler(logged, (token) => secrets.add([token])),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Attempts are counted here: with a log, and with the signal.
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  } as const;
  const { client, region } = await clientFor(configuration, options.region);
  const explain = (error: unknown, doing: string) =>
    secrets.hideIn(storeError(error, { url, bucket, doing, hide: secrets.hide }));
  const attempts = (doing: string, signal: AbortSignal | undefined) =>
    createAttempts({ wait, warn: (message) => warn(secrets.hide(message)) }, doing, signal);

  return {
    client,
    endpoint,
    region,
    attempts,
    explain,
    async attempt(doing, requests, signal) {
      const counted = attempts(doing, signal);
      for (;;) {
        try {
          return await requests();
        } catch (error) {
          signal?.throwIfAborted();
          const explained = explain(error, doing);
          if (!isTemporary(explained)) throw explained;
          await counted.failed(explained);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await connections[Symbol.asyncDispose]();
    },
  };
}

async function clientFor(
  configuration: S3ClientConfig,
  region: string | undefined,
): Promise<{ client: S3Client; region: string }> {
  if (region !== undefined) return { client: new S3Client({ ...configuration, region }), region };
  const client = new S3Client(configuration);
  try {
    return { client, region: await client.config.region() };
  } catch {
    client.destroy();
    return { client: new S3Client({ ...configuration, region: usualRegion }), region: usualRegion };
  }
}

function endpointOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username === '' && url.password === '' && url.search === '';
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    // Not quoted: it may hold a password.
    throw usageError('STORE_URL', 'the endpoint of the object store is no address', {
      hint: 'write https://HOST[:PORT], without user and password',
    });
  }
  return url.href.replace(/\/+$/, '');
}
