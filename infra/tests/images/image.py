"""Reads an image from a directory that `buildah push … dir:` wrote, with manifest, configuration and layers."""

import gzip
import json
import platform
import subprocess
import tarfile
from pathlib import Path

# The name of this machine's processor architecture in image configurations.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Image:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.manifest = json.loads((self.directory / "manifest.json").read_text())
        self.description = json.loads(self._blob(self.manifest["config"]["digest"]).read_text())
        self.layers = self.description["rootfs"]["diff_ids"]
        self.config = self.description["config"]

    def _blob(self, digest):
        return self.directory / digest.removeprefix("sha256:")

    def file_sizes(self, first_layer=0):
        """Returns the names and sizes of the files in the layers, beginning with layer number `first_layer`."""
        file_sizes = {}
        for layer in self.manifest["layers"][first_layer:]:
            with tarfile.open(self._blob(layer["digest"])) as tar:
                file_sizes |= {member.name: member.size for member in tar if not member.isdir()}
        return file_sizes

    def compressed_size(self, first_layer=0):
        """Returns the compressed size of the layers in bytes, beginning with layer number `first_layer`."""
        return sum(self._compressed_size(self._blob(layer["digest"])) for layer in self.manifest["layers"][first_layer:])

    @staticmethod
    def _compressed_size(blob):
        content = blob.read_bytes()
        # Container engines compress layers with gzip level 6.
        return len(content) if content[:2] == b"\x1f\x8b" else len(gzip.compress(content, 6))

    def unpack(self, directory):
        directory.mkdir()
        directory.chmod(0o755)
        for layer in self.manifest["layers"]:
            subprocess.run(
                ["tar", "--extract", "--numeric-owner", "--same-owner", "--same-permissions", "--directory", directory,
                 "--file", self._blob(layer["digest"])],
                check=True,
            )
        whiteouts = list(directory.rglob(".wh.*"))
        assert not whiteouts, f"layers that delete files are not supported: {whiteouts}"
        return directory
