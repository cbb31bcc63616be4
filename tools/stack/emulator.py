"""The emulator, whose workers share each layer: run by the Python of `.local/stack`.

By itself it unpacks all layers for each process of a function: three thousand files, as much work
as most of these processes then do. On AWS too, a layer is one for all, and can only be read.
"""

import hashlib
import sys
import threading
import zipfile
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, override

_unpacking = threading.Lock()


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked once, if it is that of a layer."""

    @override
    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Unpack the files of a function; make the folder of a layer a link to the shared one."""
        folder = Path(path)
        if not folder.name.startswith("layer_"):
            super().extractall(path, members, pwd)
            return
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        shared = folder.parents[1] / f"layer-{digest}"
        with _unpacking:
            if not shared.exists():
                super().extractall(folder)
                folder.rename(shared)
                folder.mkdir()
        folder.rmdir()
        folder.symlink_to(shared)


def main() -> int:
    """Run the emulator."""
    emulator: Any = import_module("ministack.app")
    runtime: Any = import_module("ministack.core.lambda_runtime")
    runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedArchive})
    return emulator.main()


if __name__ == "__main__":
    sys.exit(main())
