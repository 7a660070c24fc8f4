import type { Machine } from './machine.ts';

/**
 * A kernel replaces its own instructions while other processors run them, with a breakpoint in between. An emulator of
 * several threads may run the breakpoint when it is long gone, and nobody waits for it any more. No processor does that.
 */
const strayBreakpoint = /\bOops: int3: /;

/** Lines of the console, from its end, in which a kernel says why it has given up. */
const lastWords = 400;

/** Whether it was the emulator that kept a guest from coming up: another attempt is likely to succeed. */
export function wasBrokenByEmulator({ accelerator, console }: Pick<Machine, 'accelerator' | 'console'>): boolean {
  return accelerator === 'tcg' && console.tail(lastWords).some((line) => strayBreakpoint.test(line));
}
