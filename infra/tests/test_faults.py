"""Puts each fault of faults.py back into a copy of the source: the test that the row names must fail there."""

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
    listed = subprocess.run(["git", "-C", resolved.ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    return [Path(each) for each in listed.splitlines() if (resolved.ROOT / each).is_file()]


def copy_source(target):
    # Real copies: a script that wrote through a link would change the source.
    for path in source_files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(resolved.ROOT / path, target / path)


def run_test(name):
    result = unittest.TestResult()
    # The template resolver prints.
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
        for check in {fault.check for fault in FAULTS}:
            __import__(check.split(".")[0])
        cls.addClassCleanup(cls.change_roots, resolved.ROOT)
        cls.change_roots(cls.root)

    @staticmethod
    def change_roots(root):
        """Lets the modules of the tests read the source below another directory."""
        old = {"ROOT": resolved.ROOT, "INFRA": resolved.INFRA}
        for module in list(sys.modules.values()):
            for name, new in (("ROOT", root), ("INFRA", root / "infra")):
                if vars(module).get(name) == old[name]:
                    setattr(module, name, new)

    def test_one_test_of_each_module_passes_in_the_copy_without_a_fault(self):
        for check in {fault.check.split(".")[0]: fault.check for fault in FAULTS}.values():
            with self.subTest(check=check):
                result = run_test(check)
                self.assertEqual(1, result.testsRun)
                self.assertEqual([], [text for _, text in result.failures + result.errors])

    def test_each_fault_is_found(self):
        for fault in FAULTS:
            with self.subTest(file=fault.file, wrong=fault.wrong, check=fault.check):
                path = self.root / fault.file
                text = path.read_text()
                self.assertEqual(fault.times, text.count(fault.right))
                path.write_text(text.replace(fault.right, fault.wrong))
                try:
                    result = run_test(fault.check)
                finally:
                    path.write_text(text)
                self.assertEqual(1, result.testsRun)
                self.assertTrue(result.failures or result.errors)


if __name__ == "__main__":
    unittest.main()
