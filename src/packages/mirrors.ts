import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createConnections, usualTimeouts } from '../http/connections.ts';
import type { Exchange, HttpResponse } from '../http/exchange.ts';
import { loggedAddress, withLog } from '../http/log.ts';
import type { Peer } from '../http/peer.ts';
import type { Proxies } from '../http/proxies.ts';
import { withRedirects } from '../http/redirects.ts';
import { contentRange, type Part, skip } from '../http/resume.ts';
import { createSecrets } from '../http/secrets.ts';
import { markTemporary } from '../http/temporary-errors.ts';
import { createTransport } from '../http/transport.ts';
import { CosaError, verificationError } from '../lib/errors.ts';

/** Another mirror can be asked sooner than a registry can be waited for, in milliseconds. */
const timeouts = { ...usualTimeouts, idle: 60_000 };

/** The servers that packages are fetched from. */
export interface Mirrors extends AsyncDisposable {
  /**
   * Asks for a file from an offset on.
   * @param size of the whole file, in bytes
   * @throws CosaError `MIRROR_NOT_FOUND` (403, 404 and 410), `MIRROR_UNAVAILABLE` (429 and 5xx, temporary), `MIRROR_FAILED`,
   *   `MIRROR_TIMEOUT` and the like; what `refuse` throws
   */
  open(address: URL, size: number, offset: number, options: OpenOptions): Promise<Part>;
  /**
   * Reads a small file whose size nobody knows before; of this machine, too.
   * @param maximum bytes
   * @throws CosaError as {@link open}, `MIRROR_ANSWER_TOO_LARGE` (exit 4); a system error for a file of this machine
   */
  read(address: URL, maximum: number, signal: AbortSignal): Promise<SmallFile>;
}

interface SmallFile {
  bytes: Buffer;
  /** Where it came from, after redirects. */
  address: URL;
}

interface OpenOptions {
  signal: AbortSignal;
  /** Told how long the file is, if the server says so and it is not as long as it should be. Makes the error. */
  refuse: (bytes: number) => Error;
}

export interface MirrorSettings {
  proxies: Proxies;
  /** Names certificates. */
  environment: NodeJS.ProcessEnv;
  /** Absolute paths of further authorities, in PEM format. */
  authorities?: readonly string[];
  /** False accepts any certificate: then only hashes and signatures say who made a file. */
  verify?: boolean;
  /** `USER:PASSWORD` for these origins alone. */
  credentials?: { text: string; origins: readonly string[] } | undefined;
  /** Absolute paths of a certificate and its key, in PEM format, for these origins alone. */
  client?: { certificate: string; key: string; origins: readonly string[] } | undefined;
}

/** @param log told one line for each request */
export function openMirrors(settings: MirrorSettings, log: (line: string) => void): Mirrors {
  const { environment, authorities = [], verify = true, credentials, client } = settings;
  const connections = createConnections({
    certificates: async (host) => {
      const { readPem, trustedAuthorities } = await import('../http/authorities.ts');
      const ca = await trustedAuthorities(authorities, environment);
      const isKnown = client?.origins.includes(`https://${host}`) === true;
      return {
        ...(ca === undefined ? {} : { ca }),
        ...(isKnown ? { cert: await readPem(client.certificate), key: await readPem(client.key) } : {}),
      };
    },
    proxies: settings.proxies,
    timeouts,
  });
  const secrets = createSecrets();
  secrets.add(credentials === undefined ? [] : [credentials.text]);
  const context = { log, secrets, now: () => performance.now() };
  // The files' hashes are known, or their signatures checked: it does not matter who serves them, nor how.
  const rules = { mayBePlain: () => true, mayLeaveTls: true };

  function exchangeWith(address: URL): Exchange {
    const peer: Peer = { kind: 'mirror', host: address.host, codes: 'MIRROR' };
    return withRedirects(
      withLog(
        createTransport(connections, peer, () => verify),
        context,
      ),
      peer,
      rules,
    );
  }

  function authorization(address: URL): Record<string, string> {
    const own = address.username === '' ? undefined : `${address.username}:${address.password}`;
    const text = own ?? (credentials?.origins.includes(address.origin) === true ? credentials.text : undefined);
    return text === undefined ? {} : { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
  }

  async function ask(send: Exchange, address: URL, offset: number, signal: AbortSignal): Promise<HttpResponse> {
    const headers = { ...authorization(address), ...(offset === 0 ? {} : { range: `bytes=${offset}-` }) };
    const answer = await send({ method: 'GET', url: address, headers, signal });
    if (answer.status === 200 || (offset > 0 && [206, 416].includes(answer.status))) return answer;
    await answer.discard();
    throw statusError(answer, address);
  }

  return {
    async open(address, size, offset, { signal, refuse }) {
      const send = exchangeWith(address);
      let answer = await ask(send, address, offset, signal);
      const { start, end } = contentRange(answer.header('content-range'));
      if (answer.status === 206 && start === offset && end !== undefined) return { body: answer.body, end };
      if (answer.status !== 200) {
        // Other bytes than those that were asked for are of no use: without a range every server can do it.
        await answer.discard();
        answer = await ask(send, address, 0, signal);
      }
      const length = Number(answer.header('content-length') ?? size);
      if (length === size) return { body: offset === 0 ? answer.body : skip(answer.body, offset), end: size };
      await answer.discard();
      throw refuse(length);
    },
    async read(address, maximum, signal) {
      if (address.protocol === 'file:') return { bytes: await readLocal(address, maximum), address };
      const answer = await ask(exchangeWith(address), address, 0, signal);
      return { bytes: await answer.bytes(maximum), address: answer.url };
    },
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

/** The bytes of a file of this machine that an address names. */
export function openLocal(address: URL): AsyncIterable<Buffer> {
  return createReadStream(fileURLToPath(`file://${address.pathname}`), { highWaterMark: 1 << 18 });
}

async function readLocal(address: URL, maximum: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of openLocal(address)) {
    size += chunk.length;
    if (size > maximum) {
      throw verificationError('MIRROR_ANSWER_TOO_LARGE', `${address.pathname} has more than ${maximum} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusError({ status, header }: HttpResponse, address: URL): CosaError {
  const message = `${loggedAddress(address)} answers with status ${status}`;
  if ([403, 404, 410].includes(status)) return new CosaError('MIRROR_NOT_FOUND', message);
  if (status !== 429 && status < 500) return new CosaError('MIRROR_FAILED', message);
  return markTemporary(new CosaError('MIRROR_UNAVAILABLE', message), header('retry-after'));
}
