"""Checks the images that script/test-images has built, and runs their programs with the restrictions of a Fargate task.

The environment variable IMAGES_DIR is a folder with the images and their base image, in the format of `buildah push … dir:`.
IMAGES contains the suffixes of the built Dockerfiles.
"""

import os
import re
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

import contain
from image import ARCHITECTURE, Image
from running import RunningImage, fetch, wait_until
from upstream import Authority, Upstream

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
IMAGES_DIR = Path(os.environ["IMAGES_DIR"])
BUILT_IMAGES = os.environ["IMAGES"].split()
DOCKERFILES = ("like", "monolith", "metadata-proxy")
MAX_COMPRESSED_BYTES = 15_000_000
CA_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
SHT_SYMTAB = 2


def read_instructions(name):
    """Returns the Dockerfile's instructions as strings, without comments."""
    text = (ROOT / f"Dockerfile.{name}").read_text()
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [line for line in text.replace("\\\n", "").splitlines() if line]


class Dockerfiles(unittest.TestCase):
    def test_the_rust_image_has_the_toolchain_version_of_rust_toolchain_toml(self):
        pinned = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
        for name in DOCKERFILES:
            with self.subTest(name):
                self.assertRegex(read_instructions(name)[0], rf"^ARG RUST_IMAGE=\S+:{re.escape(pinned)}-slim-[a-z]+@sha256:[0-9a-f]{{64}}$")

    def test_the_dockerfiles_share_their_first_instructions(self):
        beginnings = set()
        for name in DOCKERFILES:
            lines = read_instructions(name)
            shared = [i for i, line in enumerate(lines) if line.startswith("RUN cargo build")][0]
            beginnings.add("\n".join(lines[: shared + 1]))
        self.assertEqual(len(beginnings), 1)

    def test_nothing_runs_in_the_last_stage_which_has_no_shell(self):
        for name in DOCKERFILES:
            lines = read_instructions(name)
            last = [i for i, line in enumerate(lines) if line.startswith("FROM")][-1]
            words = {line.split()[0] for line in lines[last:]}
            with self.subTest(name):
                self.assertLessEqual(
                    words, {"FROM", "COPY", "ENV", "EXPOSE", "USER", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"}
                )


class ImageTests:
    """Tests for every image. Each subclass sets the image and the environment with its upstream server."""

    name = program = request = None
    port = 8080

    @classmethod
    def setUpClass(cls):
        if cls.name not in BUILT_IMAGES:
            raise unittest.SkipTest(f"Dockerfile.{cls.name} was not built")
        cls.image = Image(IMAGES_DIR / cls.name)
        cls.base = len(Image(IMAGES_DIR / "runtime").layers)
        cls.temporary = Path(tempfile.mkdtemp(prefix="images."))
        cls.addClassCleanup(shutil.rmtree, cls.temporary)
        cls.root = cls.image.unpack(cls.temporary / "root")

    def environment(self, upstream):
        raise NotImplementedError

    def upstream(self, **options):
        upstream = Upstream(**options)
        self.addCleanup(upstream.close)
        return upstream

    def start(self, upstream, root=None):
        """Starts the image's program and waits until its health check succeeds."""
        running = self.launch_program(upstream, root)
        running.wait_until_live()
        return running

    def launch_program(self, upstream, root=None):
        environment = dict(pair.split("=", 1) for pair in self.image.config["Env"])
        running = RunningImage(root or self.root, self.image.config, environment | self.environment(upstream))
        self.addCleanup(running.close)
        return running

    # Tests of the image's files and configuration.

    def test_the_image_configuration_starts_the_program_directly_as_an_unprivileged_user(self):
        config = self.image.config
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Entrypoint"], [f"/{self.program}"])
        self.assertFalse(config.get("Cmd"))
        self.assertEqual(config["Healthcheck"]["Test"], ["CMD", f"/{self.program}", "--health-check"])
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertIn(f"PORT={self.port}", config["Env"])
        self.assertEqual(list(config["ExposedPorts"]), [f"{self.port}/tcp"])
        self.assertEqual(self.image.description["architecture"], ARCHITECTURE)

    def test_the_image_adds_only_the_ca_bundle_and_the_program_to_the_base(self):
        self.assertEqual(self.image.layers[: self.base], Image(IMAGES_DIR / "runtime").layers)
        self.assertEqual(sorted(self.image.file_sizes(self.base)), sorted([CA_BUNDLE, self.program]))

    def test_the_image_contains_no_shell(self):
        found = [path for name in ("sh", "bash", "dash", "busybox") for path in self.root.rglob(name)]
        self.assertEqual(found, [])

    def test_the_compressed_image_is_at_most_15_mb(self):
        own_size, total_size = self.image.compressed_size(self.base), self.image.compressed_size()
        size = self.image.file_sizes(self.base)[self.program]
        print(
            f"\n{self.name}: {own_size / 1e6:.1f} MB compressed, {total_size / 1e6:.1f} MB with the local base; "
            f"the program {size / 1e6:.1f} MB",
            flush=True,
        )
        self.assertLessEqual(total_size, MAX_COMPRESSED_BYTES)

    def test_the_program_has_no_symbol_table(self):
        self.assertNotIn(SHT_SYMTAB, section_types((self.root / self.program).read_bytes()))

    def test_the_program_is_owned_by_root_and_executable_by_all_users(self):
        file_status = (self.root / self.program).stat()
        self.assertEqual((file_status.st_uid, file_status.st_gid, file_status.st_mode & 0o7777), (0, 0, 0o755))

    def test_the_ca_bundle_contains_the_authority_of_aws(self):
        authorities = list_authorities(self.root / CA_BUNDLE)
        self.assertGreater(len(authorities), 100)
        self.assertIn("Amazon Root CA 1", authorities)

    # Tests of the running program.

    def test_the_health_check_succeeds_while_the_program_runs_and_fails_after_it_stopped(self):
        running = self.launch_program(self.upstream())
        running.wait_until_live()
        running.stop(signal.SIGKILL)
        self.assertEqual(running.health_check(), 1)

    def test_the_program_runs_as_user_65532_without_capabilities(self):
        running = self.start(self.upstream())
        status = running.status()
        self.assertEqual(set(status["Uid"].split()), {"65532"})
        self.assertEqual(set(status["Gid"].split()), {"65532"})
        self.assertEqual(status["Groups"].split(), [])
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[capabilities], 16), 0, capabilities)
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_the_program_runs_on_a_read_only_root(self):
        mount_error = contain.read_only_mount_error(self.root)
        if mount_error:
            self.skipTest(f"the read-only root is not tested, because the mount fails: {mount_error}")
        running = self.start(self.upstream())
        self.assertEqual(fetch(running.port, *self.request).status, 200)
        root = [line.split() for line in running.mounts() if line.split()[4] == "/"][-1]
        self.assertLessEqual({"ro", "nosuid", "nodev"}, set(root[5].split(",")))

    def test_the_program_finishes_an_open_request_after_sigterm(self):
        upstream = self.upstream(hold_responses=True)
        running = self.start(upstream)
        # The program may have sent a request during its start.
        upstream.request_received.clear()
        answer = running.fetch_in_background(*self.request)
        upstream.wait_for_request()
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: running.health_check() != 0, "the port to close", running)
        self.assertIsNone(running.process.poll(), "the program ended before the open request was finished")
        upstream.release_responses()
        self.assertEqual(answer.result(timeout=10).status, 200)
        self.assertEqual(running.process.wait(timeout=10), 0)


class Like(ImageTests, unittest.TestCase):
    name, program = "like", "like-service"
    request = "POST", "/mysfits/4e53920c-505a-4a90-a694-b9300791f0ae/like"

    def environment(self, upstream):
        return {"MONOLITH_URL": f"127.0.0.1:{upstream.port}", "MONOLITH_TIMEOUT_MS": "15000"}


class Monolith(ImageTests, unittest.TestCase):
    name = program = "monolith"
    request = "GET", "/mysfits"

    def environment(self, upstream):
        return {
            "DDB_TABLE_NAME": "MysfitsTable",
            "DDB_TIMEOUT_MS": "15000",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_ENDPOINT_URL_DYNAMODB": upstream.url,
        }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority(cls.temporary)

    def root_with_bundle(self, name, change):
        root = self.temporary / name
        subprocess.run(["cp", "--archive", self.root, root], check=True)
        change(root / CA_BUNDLE)
        return root

    def add_authority(self, bundle):
        with bundle.open("a") as file:
            file.write("\n" + self.authority.certificate.read_text())

    def test_the_monolith_accepts_a_certificate_of_an_authority_in_its_ca_bundle(self):
        upstream = self.upstream(authority=self.authority)
        running = self.start(upstream, self.root_with_bundle("trusting", self.add_authority))
        answer = fetch(running.port, *self.request)
        self.assertEqual((answer.status, answer.body), (200, b'{"mysfits":[]}'), running.read_output())

    def test_the_monolith_refuses_a_certificate_of_an_authority_that_is_not_in_its_ca_bundle(self):
        upstream = self.upstream(authority=self.authority)
        running = self.start(upstream)
        self.assertEqual(fetch(running.port, *self.request).status, 503)
        self.assertIn("UnknownIssuer", running.stop_and_read_output())
        self.assertEqual(upstream.handshake_error(), "TLSV1_ALERT_UNKNOWN_CA")

    def test_without_a_ca_bundle_the_monolith_accepts_no_certificate(self):
        upstream = self.upstream(authority=self.authority)
        root = self.root_with_bundle("without", lambda bundle: bundle.unlink())
        running = self.launch_program(upstream, root)
        try:
            running.wait_until_live()
            status = fetch(running.port, *self.request).status
        except RuntimeError:
            return  # The monolith ended without a CA bundle.
        self.assertEqual(status, 503)
        self.assertIn("no native root CA", running.stop_and_read_output())


class MetadataProxy(ImageTests, unittest.TestCase):
    name = program = "metadata-proxy"
    port = 8001
    request = "GET", "/v2/metadata"

    def environment(self, upstream):
        return {
            "ECS_CONTAINER_METADATA_URI_V4": f"{upstream.url}/v4/0123456789abcdef-0123456789",
            "METADATA_TIMEOUT_MS": "15000",
        }


def list_authorities(bundle):
    """Returns the common names of the authorities in the CA bundle."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(bundle)
    subjects = (dict(pair for part in cert["subject"] for pair in part) for cert in context.get_ca_certs())
    return [subject.get("commonName", "") for subject in subjects]


def section_types(elf):
    """Returns the section types of a 64-bit little-endian ELF file."""
    assert elf[:6] == b"\x7fELF\x02\x01", "the file is not a 64-bit little-endian ELF file"
    (offset,) = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    return {struct.unpack_from("<I", elf, offset + size * i + 4)[0] for i in range(count)}


if __name__ == "__main__":
    sys.exit(unittest.main())
