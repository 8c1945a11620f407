"""Inserts each fault of faults.py into a copy of the source. The fault's test must fail there."""

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import resolved
from faults import FAULTS


def source_files():
    paths = subprocess.run(["git", "-C", resolved.ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    return [Path(each) for each in paths.splitlines() if (resolved.ROOT / each).is_file()]


def copy_source(target):
    # The files are copied and not linked, because a script that writes to a link would change the source.
    for path in source_files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(resolved.ROOT / path, target / path)


def run_test(name):
    result = unittest.TestResult()
    # The template resolver prints to the standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    return result


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.root = Path(directory.name)
        copy_source(cls.root)
        for test in {fault.test for fault in FAULTS}:
            __import__(test.split(".")[0])
        cls.addClassCleanup(cls.set_source_root, resolved.ROOT)
        cls.set_source_root(cls.root)

    @staticmethod
    def set_source_root(root):
        """Sets the source directory of all test modules."""
        old = {"ROOT": resolved.ROOT, "INFRA": resolved.INFRA}
        for module in list(sys.modules.values()):
            for name, new in (("ROOT", root), ("INFRA", root / "infra")):
                if vars(module).get(name) == old[name]:
                    setattr(module, name, new)

    def test_tests_pass_in_the_copied_source_without_a_fault(self):
        for test in {fault.test.split(".")[0]: fault.test for fault in FAULTS}.values():
            with self.subTest(test=test):
                result = run_test(test)
                self.assertEqual(1, result.testsRun)
                self.assertEqual([], [text for _, text in result.failures + result.errors])

    def test_each_fault_makes_its_test_fail(self):
        for fault in FAULTS:
            with self.subTest(file=fault.file, faulty=fault.faulty, test=fault.test):
                path = self.root / fault.file
                text = path.read_text()
                self.assertEqual(fault.occurrences, text.count(fault.original))
                path.write_text(text.replace(fault.original, fault.faulty))
                try:
                    result = run_test(fault.test)
                finally:
                    path.write_text(text)
                self.assertEqual(1, result.testsRun)
                self.assertTrue(result.failures or result.errors)


if __name__ == "__main__":
    unittest.main()
