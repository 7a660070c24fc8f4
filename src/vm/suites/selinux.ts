import { enforcing } from './selinux/enforcing.ts';
import { labels } from './selinux/labels.ts';
import { unlabelled } from './selinux/unlabelled.ts';
import { update } from './selinux/update.ts';
import type { TestSuite } from './system-test.ts';

export const selinux: TestSuite = {
  name: 'selinux',
  summary: 'enforces its SELinux policy, and is labelled by it, after an update, too',
  provisioning: {},
  tests: [enforcing, labels, unlabelled, update],
};
