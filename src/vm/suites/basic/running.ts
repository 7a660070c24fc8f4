import { check, type Guest, type SystemTest } from '../system-test.ts';

export const running: SystemTest = {
  name: 'running',
  claim: 'the system reaches its default target and no unit has failed',
  run: requireRunning,
};

/** Waits until the system has started, and fails with the journal of what did not. */
export async function requireRunning(guest: Guest): Promise<void> {
  const { stdout } = await guest.run('systemctl is-system-running --wait');
  const state = stdout.trim();
  if (state === 'running') return;
  const failed = await guest.run('systemctl --failed --no-legend --plain');
  const journal = await guest.run(
    "systemctl --failed --no-legend --plain | cut -d' ' -f1 | xargs --replace sudo journalctl --no-pager --boot --lines=20 --unit={}",
  );
  check(false, `the system is "${state}"; failed units:\n${failed.stdout}${journal.stdout}`);
}
