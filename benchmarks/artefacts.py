"""The functions and layers that ``sam build`` made, and their sizes."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Section
from benchmarks.world import CHECK_SIGNATURES, FUNCTIONS, OF_THE_BANK
from tools.stack.stack import Stack

SIGNATURES = "SignaturesLayer"
BANK = "BankLayer"
_MIB = 1 << 20
_MB = 1_000_000
_KB = 1_000


@dataclass(frozen=True, slots=True)
class Build:
    """The folders of a build."""

    folder: Path

    @property
    def layers(self) -> list[Path]:
        """The layers of most functions, in the order in which Lambda's Python searches them."""
        return [self.folder / "SharedLayer", self.folder / "DependenciesLayer"]

    @property
    def all_layers(self) -> list[Path]:
        """The layers that any function has."""
        return [*self.layers, self.folder / SIGNATURES, self.folder / BANK]

    def layers_of(self, function: str) -> list[Path]:
        """Return the layers of a function."""
        own = {SIGNATURES: CHECK_SIGNATURES, BANK: OF_THE_BANK}
        more = [self.folder / name for name, functions in own.items() if function in functions]
        return [*self.layers, *more]

    def code(self, function: str) -> Path:
        """Return the code of a function."""
        return self.folder / function


def build() -> Build:
    """Build as the local stack does, in a folder for the benchmarks."""
    return Build(Stack("bench", 0).build())


def zipped(folder: Path) -> int:
    """Return the size of a folder's zip, in bytes, compressed as the SAM CLI does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.tell()


def without_bytecode(layer: Path) -> list[Path]:
    """Return the modules of a layer that Python would have to compile at each cold start."""
    return [
        path
        for path in layer.rglob("*.py")
        if not list((path.parent / "__pycache__").glob(f"{path.stem}.cpython-313.pyc"))
    ]


def measure(built: Build) -> Section:
    """Measure the sizes of the packages."""
    layers = {layer.name: zipped(layer) for layer in built.all_layers}
    functions = {name: zipped(built.code(name)) for name in FUNCTIONS}
    largest = max(functions, key=functions.__getitem__)
    missing = [path for layer in built.all_layers for path in without_bytecode(layer)]
    return Section(
        "Packages",
        "Zips of what `sam build` made, byte-code included.",
        [
            Figure("dependency layer, zipped", layers["DependenciesLayer"] / _MB, 14, "MB"),
            Figure("layer of signatures, zipped", layers[SIGNATURES] / _MB, 8, "MB"),
            Figure("layer of the bank, zipped", layers[BANK] / _MB, 2.5, "MB"),
            Figure(f"largest function ({largest}), zipped", functions[largest] / _KB, 100, "kB"),
            Figure("modules of the layers without byte-code", len(missing), 0),
        ],
        ["package", "zipped, kB"],
        [(name, f"{size / _KB:,.1f}") for name, size in {**layers, **functions}.items()],
    )
