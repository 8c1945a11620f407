"""Sizes of the release binaries and of the images."""

import gzip
import json

from bench.build import ROOT
from bench.processes import Skip, show_progress

MIB = 2**20
# `script/test-images` writes each image into a directory of this directory.
IMAGES = ROOT / ".cache" / "images" / "out"


def measure_binary(name):
    return lambda environment: [environment.binaries[name].stat().st_size / MIB]


def measure_compressed_binary(name):
    """The size after `gzip -9`, which is about what a registry transfers."""

    def measure(environment):
        show_progress(f"compressing {name}")
        return [len(gzip.compress(environment.binaries[name].read_bytes(), 9)) / MIB]

    return measure


def measure_image(name):
    """The sum of an image's layers. The base image is the one that `script/test-images` builds."""

    def measure(_environment):
        manifest = IMAGES / name / "manifest.json"
        if not manifest.exists():
            raise Skip("the image has not been built; run script/test-images first")
        return [sum(layer["size"] for layer in json.loads(manifest.read_text())["layers"]) / MIB]

    return measure
