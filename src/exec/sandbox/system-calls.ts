import type { SystemCallTable } from '../../lib/architecture.ts';

/**
 * The system calls that programs in the sandbox may not make, with their numbers. None of them is of use to a package's
 * scripts: they are the ways to new namespaces and mounts, to the host's keys, kernel, clock and swap, to other
 * processes, and through large parts of the kernel that are no use here.
 *
 * Numbers: https://github.com/torvalds/linux/tree/master/arch (`syscall.tbl`; `generic` is `scripts/syscall.tbl`)
 */

/** A call's numbers by the kernel's tables; `undefined` where there is no such call. */
export interface SystemCall {
  name: string;
  numbers: Readonly<Record<SystemCallTable, number | undefined>>;
}

function call(name: string, x86?: number, generic?: number, powerpc?: number, s390?: number): SystemCall {
  return { name, numbers: { x86, generic, powerpc, s390 } };
}

/** From Linux 5.1 on, a new call has one number everywhere. */
function recent(name: string, number: number): SystemCall {
  return call(name, number, number, number, number);
}

/** Refused with EPERM. */
export const refusedCalls: readonly SystemCall[] = [
  call('mount', 165, 40, 21, 21),
  call('umount', undefined, undefined, 22, 22),
  call('umount2', 166, 39, 52, 52),
  call('pivot_root', 155, 41, 203, 217),
  recent('open_tree', 428),
  recent('move_mount', 429),
  recent('fsopen', 430),
  recent('fsconfig', 431),
  recent('fsmount', 432),
  recent('fspick', 433),
  recent('mount_setattr', 442),
  recent('open_tree_attr', 467),
  call('setns', 308, 268, 350, 339),

  call('add_key', 248, 217, 269, 278),
  call('request_key', 249, 218, 270, 279),
  call('keyctl', 250, 219, 271, 280),

  // bubblewrap's own process is among those inside, and no filter holds that one.
  call('ptrace', 101, 117, 26, 26),
  call('process_vm_readv', 310, 270, 351, 340),
  call('process_vm_writev', 311, 271, 352, 341),
  call('kcmp', 312, 272, 354, 343),
  recent('pidfd_getfd', 438),

  call('bpf', 321, 280, 361, 351),
  call('perf_event_open', 298, 241, 319, 331),
  call('userfaultfd', 323, 282, 364, 355),
  call('fanotify_init', 300, 262, 323, 332),
  call('open_by_handle_at', 304, 265, 346, 336),
  call('lookup_dcookie', 212, 18, 235, 110),
  call('nfsservctl', 180, 42, 168, 169),

  call('kexec_load', 246, 104, 268, 277),
  call('kexec_file_load', 320, 294, 382, 381),
  call('init_module', 175, 105, 128, 128),
  call('finit_module', 313, 273, 353, 344),
  call('delete_module', 176, 106, 129, 129),
  call('reboot', 169, 142, 88, 88),
  call('swapon', 167, 224, 87, 87),
  call('swapoff', 168, 225, 115, 115),
  call('acct', 163, 89, 51, 51),
  call('quotactl', 179, 60, 131, 131),
  recent('quotactl_fd', 443),
  call('syslog', 103, 116, 103, 103),
  call('clock_settime', 227, 112, 245, 259),
  call('settimeofday', 164, 170, 79, 79),
  call('stime', undefined, undefined, 25, undefined),
  call('iopl', 172, undefined, 110, undefined),
  call('ioperm', 173, undefined, 101, undefined),
  call('vhangup', 153, 58, 111, 111),
];

/** Refused with ENOSYS: whoever uses these has another way for kernels without them. */
export const absentCalls: readonly SystemCall[] = [
  // Its flags lie in memory, where no filter can look: the C library falls back on clone.
  recent('clone3', 435),
  recent('io_uring_setup', 425),
  recent('io_uring_enter', 426),
  recent('io_uring_register', 427),
];

/** Let through by their arguments. */
export const clone = call('clone', 56, 220, 120, 120);
export const unshareCall = call('unshare', 272, 97, 282, 303);
/** On s390, the C library makes sockets with `socketcall`, whose arguments lie in memory: there the families stay open. */
export const socket = call('socket', 41, 198, 326, 359);

/** The newest call that was looked at (Linux 6.17): what comes later is absent until somebody has. */
export const newestCall = 469;
