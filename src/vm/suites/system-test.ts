import { CosaError } from '../../lib/errors.ts';
import type { Firmware } from '../firmware.ts';
import type { Provisioning } from '../ignition.ts';
import type { RemoteResult } from '../ssh.ts';

/** What is known of the system before it runs. */
export interface ExpectedSystem {
  /** The ostree commit that the container's labels promise. */
  commit: string;
  firmware: Firmware;
  /** Bytes of the disk that the guest was given, which is larger than the image. */
  diskSize: number;
}

/** A running guest, as a test sees it. */
export interface Guest {
  readonly expected: ExpectedSystem;
  /** The public key that the user `core` was given. */
  readonly publicKey: string;
  /** Runs a command line as the user `core`; any exit status is a result. Commands are constants of the tests. */
  run(command: string): Promise<RemoteResult>;
  /**
   * What a command wrote to stdout, without white space around it.
   * @throws CosaError `CHECK_FAILED` if its exit status is not 0
   */
  output(command: string): Promise<string>;
  /** Reboots, and waits until ssh answers again. */
  reboot(): Promise<void>;
}

/** One thing that must be true of a booted system. Each file beside the suites' lists exports one. */
export interface SystemTest {
  /** Unique in its suite; lower case, with hyphens. */
  readonly name: string;
  /** What is true when it passes, as a clause: "no unit has failed". */
  readonly claim: string;
  /** Returns if the claim is true; throws if not, best with {@link check}. */
  run(guest: Guest): Promise<void>;
}

/** Tests that share one boot, in this order. */
export interface TestSuite {
  readonly name: string;
  readonly summary: string;
  readonly tests: readonly SystemTest[];
  /** What Ignition does besides giving `core` a key. */
  readonly provisioning: Provisioning;
}

/**
 * Fails the running test unless the condition holds.
 * @param message what was found instead
 * @throws CosaError `CHECK_FAILED`
 */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CosaError('CHECK_FAILED', message);
}
