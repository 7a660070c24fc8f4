/**
 * Arguments of {@link setpriv} for a command that the kernel kills when the process that starts it dies, however hard:
 * nothing goes on that nobody waits for, holding locks and filling disks.
 */
export function boundToUs(command: readonly string[]): string[] {
  return ['--pdeathsig', 'KILL', '--', ...command];
}
