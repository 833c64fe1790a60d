"""How is a file replaced as a whole or not at all, whatever happens while it is written?"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path


def path_to_write(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """Return where a file is to be written, after checking that it can be; a link is followed.

    Args:
        path: the path; '~' is a name like any other.
        overwrite: whether a file that is there may be replaced.

    Raises:
        TypeError: if it is not a path.
        IsADirectoryError: if there is a folder.
        FileExistsError: if there is a file that may not be replaced, or something that is not a regular file.
        FileNotFoundError: if the folder of the path does not exist.

    >>> path_to_write("no_such_folder/model.keras", True)
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such_folder/model.keras: the folder 'no_such_folder' does not exist. Create it first.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"expected the path of a file, as a string or a Path. Received: {path!r}.")
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path}: expected the path of a file. Received: that of a folder.")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"{path}: there is something that is not a file. Choose another path.")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{path}: there is a file already. Received: overwrite=False. Choose another path.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {str(Path(path).parent)!r} does not exist. Create it first.")
    return target


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give the path of a new file beside `target`, which takes its place at the end, with its permissions.

    After an error or an interrupt, the old file is as it was, and the new one is removed.

    Args:
        target: the file, which need not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder) / "numbers.txt"
    ...     with replacing(target) as new:
    ...         _ = new.write_text("1 2 3")
    ...     target.read_text(), os.listdir(folder)
    ('1 2 3', ['numbers.txt'])
    """
    new = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    # Created by `os.open`, and not by `tempfile`, so that it has the permissions of any new file.
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        if target.exists():
            os.chmod(new, stat.S_IMODE(target.stat().st_mode))
        yield new
        _flush(new)
        os.replace(new, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        raise
    # The name is on the disk too, where the system can say so.
    with contextlib.suppress(OSError):
        _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
