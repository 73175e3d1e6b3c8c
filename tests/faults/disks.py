"""Disks that are full or read-only, and limits of a process: by the kernel where it lets us, else by permissions."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_RDONLY, _REMOUNT, _DETACH = 1, 32, 2


def error(name: str) -> OSError:
    """Return the error of the system of this name."""
    number = int(getattr(errno, name))
    return OSError(number, os.strerror(number))


def _mount(target: Path, flags: int, options: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", os.fsencode(target), b"tmpfs", flags, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")


def _unmount(target: Path) -> None:
    ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(target), _DETACH)


@cache
def can_mount() -> bool:
    """Return whether file systems can be mounted here."""
    with TemporaryDirectory() as folder, suppress(OSError, AttributeError):
        _mount(Path(folder), 0, "size=64k")
        _unmount(Path(folder))
        return True
    return False


def can_be_read_only() -> bool:
    """Return whether a folder can be read-only to this process: by its permissions, or mounted so."""
    return os.geteuid() != 0 or can_mount()


class Disk:
    """A folder that may be a file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.options = folder, ""

    def mount(self, *, size: int = 64 * 2**20, files: int = 100_000) -> None:
        """Make it a file system with so many bytes and files."""
        self.options = f"size={size},nr_inodes={files}"
        _mount(self.folder, 0, self.options)

    def remount(self, options: str, flags: int = 0) -> None:
        """Change what it is mounted with."""
        _mount(self.folder, _REMOUNT | flags, options)

    def prepare(self) -> None:
        """Make it one that can be read-only later."""
        if can_mount():
            self.mount()

    def read_only(self) -> None:
        """Make it read-only; where something is just being written, it stays as it is."""
        if can_mount():
            with suppress(OSError):
                self.remount(self.options, _RDONLY)
            return
        for folder in (self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())):
            folder.chmod(0o555)

    def writable(self) -> None:
        """Let it be written into again."""
        if can_mount():
            self.remount(self.options)
            return
        for at, _, _ in os.walk(self.folder):
            os.chmod(at, 0o755)

    def give_back(self) -> None:
        """Unmount it."""
        if os.path.ismount(self.folder):
            _unmount(self.folder)


def limit_files(size: int) -> None:
    """Let no file of this process grow over some bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def limit_memory(more: int) -> None:
    """Let this process and those that it forks have only so many bytes more than now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
