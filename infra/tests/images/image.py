"""An image as `buildah push … dir:` writes it: manifest, configuration, layers."""

import gzip
import json
import platform
import subprocess
import tarfile
from pathlib import Path

# What the image's format calls the machine.
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

    def files(self, since=0):
        """Names and sizes of the files in the layers from number `since` on."""
        files = {}
        for layer in self.manifest["layers"][since:]:
            with tarfile.open(self._blob(layer["digest"])) as tar:
                files |= {member.name: member.size for member in tar if not member.isdir()}
        return files

    def compressed(self, since=0):
        """Bytes that a registry would hold of the layers from number `since` on."""
        return sum(self._compressed(self._blob(layer["digest"])) for layer in self.manifest["layers"][since:])

    @staticmethod
    def _compressed(blob):
        content = blob.read_bytes()
        # Level 6 is what engines push with.
        return len(content) if content[:2] == b"\x1f\x8b" else len(gzip.compress(content, 6))

    def unpack(self, to):
        to.mkdir()
        to.chmod(0o755)
        for layer in self.manifest["layers"]:
            subprocess.run(
                ["tar", "--extract", "--numeric-owner", "--same-owner", "--same-permissions", "--directory", to,
                 "--file", self._blob(layer["digest"])],
                check=True,
            )
        whiteouts = list(to.rglob(".wh.*"))
        assert not whiteouts, f"layers that remove files are not understood here: {whiteouts}"
        return to
