import json
import pathlib
import tempfile
import unittest

from bench.report import format_comparison, format_row, read_json, write_json
from bench.rows import Row

RATIO = Row("like/default/requests", "ratio", 0.92, None)
SIZE = Row("size/lab", "MiB", None, None)
MEASURED = [(RATIO, [0.7, 0.8, 0.9]), (SIZE, [23.456789])]


class Report(unittest.TestCase):
    def test_the_file_contains_the_value_the_unit_and_the_wanted_value_of_each_row(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "target" / "bench.json"
            write_json(path, MEASURED)
            expected = {
                "like/default/requests": {"value": 0.8, "unit": "ratio", "wanted": 0.92},
                "size/lab": {"value": 23.46, "unit": "MiB", "wanted": None},
            }
            self.assertEqual(json.loads(path.read_text()), expected)
            self.assertEqual(read_json(path), {"like/default/requests": (0.8, "ratio"), "size/lab": (23.46, "MiB")})

    def test_another_file_is_refused_with_the_name_of_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "other.json"
            for content in ("", "[]", '{"row": 1}'):
                path.write_text(content)
                with self.assertRaisesRegex(SystemExit, "other.json is not a bench.json"):
                    read_json(path)

    def test_a_row_shows_the_median_the_quartiles_and_whether_the_wanted_value_is_reached(self):
        self.assertEqual(format_row(*MEASURED[0]), "| like/default/requests | 0.8 | 0.75 to 0.85 | ratio | 0.92: **missed** |")
        self.assertEqual(format_row(*MEASURED[1]), "| size/lab | 23.46 | one sample | MiB |  |")

    def test_a_comparison_contains_only_rows_that_both_runs_measured(self):
        earlier = {"like/default/requests": (0.5, "ratio"), "removed": (1, "ms")}
        lines = format_comparison(earlier, MEASURED)
        self.assertEqual(lines[1:], ["| like/default/requests | 0.5 | 0.8 | ratio | +60.0 % | **better** |"])


if __name__ == "__main__":
    unittest.main()
