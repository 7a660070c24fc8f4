import type { Digest } from '../../../src/lib/digest.ts';

/** Something that goes wrong with one request, as data. */
export type Fault =
  /** Answers with this status instead of doing the work; with `done`, after doing it. */
  | { kind: 'status'; status: number; code?: string; headers?: Readonly<Record<string, string>>; done?: boolean }
  /** Resets the connection when so many bytes of the request's body have been taken; they are kept. */
  | { kind: 'reset-request'; afterBytes: number }
  /** Resets the connection when so many bytes of the answer's body have gone; 0: before its first line, all work done. */
  | { kind: 'reset'; afterBytes: number }
  /** Ends the connection in order, after fewer bytes than `Content-Length` promised. */
  | { kind: 'truncate'; afterBytes: number }
  /** Sends nothing more after so many bytes of the body, and keeps the connection open; 0: not even the first line. */
  | { kind: 'hang'; afterBytes: number }
  /** Sends a body's wrong byte at this offset. */
  | { kind: 'corrupt'; offset: number }
  /** Sends a body that is so many bytes longer, or shorter if negative, with a `Content-Length` that fits it. */
  | { kind: 'resize'; by: number }
  /** Sends the body in small pieces, with a pause before each. */
  | { kind: 'slow'; pieceBytes: number; pauseMilliseconds: number }
  /** Sends the client to the same path at another address, with or without the request's query. */
  | { kind: 'redirect'; to: string; status?: 301 | 302 | 303 | 307 | 308 }
  /** Answers the whole blob, though a range was asked for. */
  | { kind: 'ignore-range' }
  /** Forgets the upload that the request belongs to, before it is dealt with. */
  | { kind: 'lose-upload' }
  /** Changes the answer's headers; `undefined` removes one. */
  | { kind: 'headers'; headers: Readonly<Record<string, string | undefined>> }
  /** Somebody else moves a tag: before the request is dealt with, or directly after. */
  | { kind: 'move-tag'; when: 'before' | 'after'; repository: string; tag: string; to: Digest };

/** A fault and the requests that it befalls. */
export interface Injection {
  match: { method?: string; path?: RegExp };
  fault: Fault;
  /** How many matching requests; 1 unless told, `Infinity` for all. */
  times?: number;
  /** How many matching requests go well before. */
  skip?: number;
  /** Spares a path that such a fault has befallen before: however requests follow each other, none fails time after time. */
  isSpread?: boolean;
}

/** Faults that are to come. */
export interface FaultPlan {
  inject(injection: Injection): void;
  /** The faults of this request, in the order in which they were injected; they count as spent. */
  take(method: string, path: string): Fault[];
  /** Forgets everything that has not happened yet. */
  clear(): void;
}

export function createFaultPlan(): FaultPlan {
  let planned: { injection: Injection; skip: number; times: number }[] = [];
  const befallen = new Set<string>();
  return {
    inject: (injection) => {
      planned.push({ injection, skip: injection.skip ?? 0, times: injection.times ?? 1 });
    },
    take: (method, path) => {
      const faults: Fault[] = [];
      for (const entry of planned) {
        const { match, fault } = entry.injection;
        if (match.method !== undefined && match.method !== method) continue;
        if (match.path !== undefined && !match.path.test(path)) continue;
        const isSpread = entry.injection.isSpread === true;
        if (isSpread && befallen.has(path)) continue;
        if (entry.skip > 0) entry.skip -= 1;
        else if (entry.times > 0) {
          entry.times -= 1;
          faults.push(fault);
          if (isSpread) befallen.add(path);
        }
      }
      return faults;
    },
    clear: () => {
      planned = [];
    },
  };
}

/** The first fault of a kind. */
export function faultOf<Kind extends Fault['kind']>(
  faults: readonly Fault[],
  kind: Kind,
): Extract<Fault, { kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind);
}
