"""A safetensors file written as any other: with the permissions of a new file, and the operating system's errors."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from stat import S_IMODE

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors, which are contiguous and share no memory.

    Raises:
        OSError: the disk refuses.
    """
    path.touch()
    mode = S_IMODE(path.stat().st_mode)
    try:
        save_file(dict(tensors), path, metadata)
    except SafetensorError as error:  # an operating system's error arrives as text only
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
    path.chmod(mode)  # safetensors lets nobody but the owner read what it writes, whatever the umask
