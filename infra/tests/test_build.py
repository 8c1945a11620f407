"""Runs programs that run inside AWS: build-images with an `aws` and a `docker` that record their calls, and the log shipper and the
load generator with a local HTTP server."""

import base64
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import yaml
from resolved import ROOT, parse_template, resources, template_text

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
# This `aws` reports an existing image for each repository in EXISTING_IMAGES.
AWS = """#!/bin/sh
echo "aws $*" >>"$CALLS"
case "$*" in
*get-login-password*) echo secret ;;
*batch-get-image*) for name in $EXISTING_IMAGES; do case "$*" in *"/$name "*) echo 1; exit ;; esac; done; echo 0 ;;
esac
"""
DOCKER = """#!/bin/sh
echo "docker $*" >>"$CALLS"
case "$*" in
*password-stdin*) cat >/dev/null ;;
*"$FAILS"*) exit 1 ;;
esac
"""
# The build machine's architecture is part of the pipeline's tags.
UNAME = """#!/bin/sh
[ "$*" = -m ] && echo aarch64
"""


class BuildImages(unittest.TestCase):
    def build(self, existing_images="", failing_call="nothing fails", **extra_variables):
        with tempfile.TemporaryDirectory() as directory:
            work_dir = Path(directory)
            for name, text in (("aws", AWS), ("docker", DOCKER), ("uname", UNAME)):
                (work_dir / name).write_text(text)
                (work_dir / name).chmod(0o755)
            environment = {
                **os.environ, "PATH": f"{work_dir}:{os.environ['PATH']}", "CALLS": str(work_dir / "calls"), "EXISTING_IMAGES": existing_images,
                "FAILS": failing_call, "IMAGE_TAG": "0123456789ab", "LIKE_REPOSITORY": f"{REGISTRY}/mysfits/like-service",
                "MONOLITH_REPOSITORY": f"{REGISTRY}/mysfits/monolith", "CACHE_REPOSITORY": f"{REGISTRY}/mysfits/build-cache",
                "METADATA_PROXY_REPOSITORY": f"{REGISTRY}/mysfits/metadata-proxy", **extra_variables}
            environment = {name: value for name, value in environment.items() if value is not None}
            process = subprocess.run([ROOT / "infra/script/build-images"], cwd=work_dir, env=environment, check=False,
                                  capture_output=True, text=True)
            written_files = {path.name: json.loads(path.read_text()) for path in work_dir.glob("*.json")}
            return process, (work_dir / "calls").read_text().splitlines(), written_files

    def test_a_build_pushes_three_images_with_a_cache_and_writes_the_image_definitions(self):
        process, calls, written_files = self.build()
        self.assertEqual(0, process.returncode, process.stderr)
        builds = [call for call in calls if "buildx build" in call]
        self.assertEqual(3, len(builds))
        for name, repository in (("like", "like-service"), ("monolith", "monolith"), ("metadata-proxy", "metadata-proxy")):
            [build] = [call for call in builds if f"--file Dockerfile.{name} " in call]
            self.assertIn(f"--tag {REGISTRY}/mysfits/{repository}:0123456789ab --push", build)
            self.assertIn(f"--cache-from type=registry,ref={REGISTRY}/mysfits/build-cache:{name}", build)
        self.assertEqual([{"name": "like-service", "imageUri": f"{REGISTRY}/mysfits/like-service:0123456789ab"}],
                         written_files["imagedefinitions.json"])
        self.assertEqual([{"name": "monolith-service", "imageUri": f"{REGISTRY}/mysfits/monolith:0123456789ab"}],
                         written_files["imagedefinitions-monolith.json"])

    def test_an_image_whose_tag_exists_is_not_built_again(self):
        process, calls, written_files = self.build(existing_images="like-service monolith metadata-proxy")
        self.assertEqual(0, process.returncode, process.stderr)
        self.assertEqual([], [call for call in calls if "buildx build" in call])
        self.assertEqual(2, len(written_files))

    def test_a_build_of_the_pipeline_tags_images_with_the_commit(self):
        _, calls, written_files = self.build(
            METADATA_PROXY_REPOSITORY=None, IMAGE_TAG="", CODEBUILD_RESOLVED_SOURCE_VERSION="fedcba9876543210fedcba98")
        self.assertTrue(written_files["imagedefinitions.json"][0]["imageUri"].endswith(":fedcba987654-aarch64"))
        # The pipeline deploys only these two images. New images of the metadata proxy would expire the one that setup deployed.
        self.assertEqual(["monolith", "like"], [re.search(r"--file Dockerfile\.(\S+)", call)[1] for call in calls if "buildx build" in call])

    def test_a_failed_build_writes_no_image_definitions(self):
        process, _, written_files = self.build(failing_call="Dockerfile.like")
        self.assertNotEqual(0, process.returncode)
        self.assertEqual({}, written_files)

    def test_the_buildspec_runs_the_tests_before_it_builds_images(self):
        phases = yaml.safe_load((ROOT / "buildspec_prod.yml").read_text())["phases"]
        self.assertIn("cargo test --locked --package like-service --package monolith", str(phases["pre_build"]))
        self.assertIn("bash infra/script/build-images", phases["build"]["commands"])

    def test_scripts_are_started_with_bash_and_not_by_their_executable_bit(self):
        """CodeBuild unpacks a zip archive, which may lack executable bits. CodePipeline also passes the source as a zip archive:
        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html (OutputArtifactFormat)"""
        texts = [(ROOT / "buildspec_prod.yml").read_text()]
        texts += [path.read_text() for path in (ROOT / "infra/script").iterdir()]
        for text in texts:
            self.assertEqual([], re.findall(r"(?:^|[(;|&-]) *infra/script/(?!common)\S+", text, re.MULTILINE))

    def test_every_base_and_sidecar_image_has_a_version_and_a_digest(self):
        images = {
            "tracing": parse_template(template_text("services"))["Parameters"]["TracingImage"]["Default"],
            "load generator": parse_template(template_text("load-generator"))["Parameters"]["Image"]["Default"],
        }
        for path in ROOT.glob("Dockerfile.*"):
            for name, value in re.findall(r"^ARG (\w+_IMAGE)=(.*)$", path.read_text(), re.MULTILINE):
                images[f"{path.name} {name}"] = value
        self.assertEqual(8, len(images))
        for name, image in images.items():
            with self.subTest(name):
                self.assertRegex(image, r"^[a-z0-9.]+/[a-z0-9/-]+:[A-Za-z0-9.-]+@sha256:[0-9a-f]{64}$")

    def test_buildkit_is_pulled_from_the_public_gallery_and_then_from_docker_hub(self):
        """Docker Hub may refuse pulls with the status 429, because many accounts share CodeBuild's IP addresses."""
        _, calls, _ = self.build()
        pulls = [call for call in calls if call.startswith("docker pull")]
        self.assertEqual(1, len(pulls))
        self.assertRegex(pulls[0], r" public\.ecr\.aws/vend/moby/buildkit@sha256:[0-9a-f]{64}$")
        process, calls, _ = self.build(failing_call="public.ecr.aws/vend/moby/buildkit@")
        self.assertEqual(0, process.returncode, process.stderr)
        [create] = [call for call in calls if "buildx create" in call]
        self.assertRegex(create, r"image=docker\.io/moby/buildkit:v0\.32\.2@sha256:[0-9a-f]{64}$")
        process, _, _ = self.build(failing_call="moby/buildkit")
        self.assertNotEqual(0, process.returncode)
        self.assertIn("BUILDKIT_IMAGE", process.stderr)

    def test_the_test_container_mounts_the_targets_of_the_cache_links(self):
        [command] = [each for each in yaml.safe_load((ROOT / "buildspec_prod.yml").read_text())["phases"]["pre_build"]["commands"]
                     if "docker run" in each]
        with tempfile.TemporaryDirectory() as directory:
            work_dir = Path(directory).resolve()
            for each in ("source", "cache"):
                (work_dir / each).mkdir()
            (work_dir / "source/.cargo-home").symlink_to(work_dir / "cache")
            (work_dir / "docker").write_text(DOCKER)
            (work_dir / "docker").chmod(0o755)
            environment = {**os.environ, "PATH": f"{work_dir}:{os.environ['PATH']}", "CALLS": str(work_dir / "calls"), "FAILS": "nothing",
                           "RUST_IMAGE": "rust:1.2.3"}
            subprocess.run(["bash", "-c", command], cwd=work_dir / "source", env=environment, check=True)
            [call] = (work_dir / "calls").read_text().splitlines()
        self.assertIn(f"--volume {work_dir}/cache:/cargo-home --env CARGO_HOME=/cargo-home", call)
        self.assertIn(f"--volume {work_dir}/source/target:/target --env CARGO_TARGET_DIR=/target rust:1.2.3 cargo test", call)

    def test_the_buildspec_runs_the_tests_in_the_rust_image_of_the_dockerfiles(self):
        [find] = [command for command in yaml.safe_load((ROOT / "buildspec_prod.yml").read_text())["phases"]["pre_build"]
                  ["commands"] if command.startswith("RUST_IMAGE=")]
        output = subprocess.run(["bash", "-c", find + '; echo "$RUST_IMAGE"'], cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertRegex(output.stdout, r"^public\.ecr\.aws/docker/library/rust:\S+@sha256:[0-9a-f]{64}\n$")
        toolchain_versions = re.findall(r'channel = "(.*)"', (ROOT / "rust-toolchain.toml").read_text())
        self.assertIn(f"/rust:{toolchain_versions[0]}-", output.stdout)

    def test_each_build_project_sets_a_variable_for_every_repository_that_it_uses(self):
        """The pipeline does not build the metadata proxy."""
        pipeline = {"LIKE_REPOSITORY", "MONOLITH_REPOSITORY", "CACHE_REPOSITORY"}
        for project, expected in (("ImagesProject", pipeline | {"METADATA_PROXY_REPOSITORY"}), ("PipelineProject", pipeline)):
            variables = {each["Name"] for each in resources("build")[project]["Environment"]["EnvironmentVariables"]}
            self.assertEqual(expected, variables)


class Server:
    """An HTTP server that responds to each POST with `answer(path, body)` and records the requests in `requests`."""

    def __init__(self, answer):
        requests = self.requests = []
        self.request_count = threading.Semaphore(0)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(inner):
                body = inner.rfile.read(int(inner.headers.get("Content-Length", 0)))
                status, text = answer(inner.path, body)
                inner.send_response(status)
                inner.end_headers()
                inner.wfile.write(text.encode())
                requests.append((inner.path, dict(inner.headers), body))
                self.request_count.release()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        # shutdown() waits for the end of a poll.
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Shipper(unittest.TestCase):
    EVENTS = [
        {"id": "1", "timestamp": 1795261440571, "message": '{"level":"WARN","message":"WARN: simulated 404 activated"}'},
        {"id": "2", "timestamp": 1795261440572, "message": "no JSON"},
        {"id": "3", "timestamp": 1795261440573, "message": "17"},
    ]

    def ship_events(self, answer):
        code = resources("search")["Shipper"]["Code"]["ZipFile"]
        data = {"messageType": "DATA_MESSAGE", "logGroup": "like", "logStream": "stream", "logEvents": self.EVENTS}
        event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()}}
        with Server(lambda path, body: (200, json.dumps(answer))) as server:
            environment = {"ENDPOINT": f"http://127.0.0.1:{server.port}", "AWS_REGION": "eu-west-1",
                           "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
            with patch.dict(os.environ, environment):
                module = {}
                exec(compile(code, "shipper", "exec"), module)
                module["handler"](event, None)
            return server.requests

    def test_the_log_shipper_sends_each_line_signed_and_with_its_event_id_to_the_index_of_its_month(self):
        """An index has ten shards, and a small node has room for few: a new index for each day would fill it within a week.
        https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html"""
        [(path, headers, body)] = self.ship_events({"items": [{"index": {"status": 201}}] * 3})
        self.assertEqual("/_bulk", path)
        self.assertIn("/eu-west-1/es/aws4_request", headers["Authorization"])
        lines = [json.loads(line) for line in body.decode().splitlines()]
        self.assertEqual([{"index": {"_index": "mysfits-2026-11", "_id": each["id"]}} for each in self.EVENTS], lines[::2])
        self.assertEqual(["WARN: simulated 404 activated", "no JSON", "17"], [line["message"] for line in lines[1::2]])
        self.assertEqual("like", lines[1]["@log_group"])

    def test_the_log_shipper_fails_if_opensearch_refuses_a_line(self):
        with self.assertRaisesRegex(RuntimeError, "1 of 3 lines were refused"):
            self.ship_events({"items": [{"index": {"status": 201}}] * 2 + [{"index": {"status": 400, "error": "mapping"}}]})


class LoadGenerator(unittest.TestCase):
    def test_sigterm_stops_the_load_generator_without_errors_while_requests_are_open(self):
        [container] = resources("load-generator")["TaskDefinition"]["ContainerDefinitions"]
        environment = {each["Name"]: str(each["Value"]) for each in container["Environment"]}
        # This server accepts connections and never responds.
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            environment |= {"HOST": "127.0.0.1", "PORT": str(listener.getsockname()[1]), "LIKES_PER_MINUTE": "6000"}
            program = subprocess.Popen([sys.executable, *container["Command"][1:]], env=environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            connections = [listener.accept()[0] for _ in range(5)]
            program.terminate()
            _, errors = program.communicate(timeout=30)
            for connection in connections:
                connection.close()
        self.assertEqual((0, ""), (program.returncode, errors))

    def test_the_load_generator_sends_likes_for_an_existing_mysfit_and_stops_on_sigterm(self):
        [container] = resources("load-generator")["TaskDefinition"]["ContainerDefinitions"]
        environment = {each["Name"]: str(each["Value"]) for each in container["Environment"]}
        mysfit_ids = {each["mysfitId"] for each in json.loads((ROOT / "lab/seed/mysfits.json").read_text())}
        self.assertIn(environment["MYSFIT_ID"], mysfit_ids)
        with Server(lambda path, body: (404, "{}")) as server:
            environment |= {"HOST": "127.0.0.1", "PORT": str(server.port), "LIKES_PER_MINUTE": "6000"}
            program = subprocess.Popen([sys.executable, *container["Command"][1:]], env=environment,
                                       stdout=subprocess.PIPE, text=True)
            for _ in range(50):
                self.assertTrue(server.request_count.acquire(timeout=30))
            program.terminate()
            output, _ = program.communicate(timeout=30)
            self.assertEqual({f"/mysfits/{environment['MYSFIT_ID']}/like"}, {path for path, _, _ in server.requests})
        self.assertEqual(0, program.returncode)
        self.assertIn("'404':", output)


if __name__ == "__main__":
    unittest.main()
