#!/usr/bin/env python3
"""contain.py ROOT PROGRAM [ARGUMENT...]: runs a program of an unpacked image with a read-only root, without capabilities and as user
65532, like a container engine.

The mounts exist only in this process's mount namespace. The kernel kills the program when the parent process ends. Needs root and Linux.
"""

import ctypes
import os
import signal
import sys

USER_ID = 65532

# From <linux/sched.h>, <linux/mount.h> and <linux/prctl.h>.
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 24, 38, 47, 4

libc = ctypes.CDLL(None, use_errno=True)


def call_libc(name, *arguments):
    converted = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(libc, name)(*converted) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount_read_only(root):
    """Mounts the folder read-only at its path, in a new mount namespace of this process."""
    root = os.fsencode(root)
    call_libc("unshare", CLONE_NEWNS)
    call_libc("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call_libc("mount", root, root, None, MS_BIND, None)
    call_libc("mount", None, root, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, None)


def drop_privileges():
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        capabilities = range(int(file.read()) + 1)
    yield  # The caller changes the root directory here. After that, /proc is not available.
    for capability in capabilities:
        call_libc("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    call_libc("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    os.setgroups([])
    os.setresgid(USER_ID, USER_ID, USER_ID)
    os.setresuid(USER_ID, USER_ID, USER_ID)
    call_libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def read_only_mount_error(root):
    """Returns the error of a read-only mount of the folder, or None. A child process tries the mount, so that this process keeps none."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mount_read_only(root)
        except OSError as error:
            os.write(write_end, str(error).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        message = pipe.read()
    os.waitpid(child, 0)
    return message or None


def main(root, *command):
    parent = os.getppid()
    try:
        mount_read_only(root)
    except OSError as error:
        print(f"the read-only root is not tested, because the mount fails: {error}", file=sys.stderr)
    dropping = drop_privileges()
    next(dropping)
    os.chdir(root)
    os.chroot(".")
    next(dropping, None)
    call_libc("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent process ended before the program started")
    os.execve(command[0], command, os.environ)


if __name__ == "__main__":
    main(*sys.argv[1:])
