import unittest

from bench.rows import ROWS, select_rows


class Rows(unittest.TestCase):
    def test_each_row_has_a_name_of_its_own(self):
        names = [row.name for row in ROWS]
        self.assertEqual(len(names), len(set(names)))

    def test_a_pattern_selects_rows_by_a_part_of_the_name_or_by_a_wildcard(self):
        self.assertEqual([row.name for row in select_rows("start/mono")], ["start/monolith"])
        self.assertEqual([row.name for row in select_rows("*/default/requests")][:2], ["root/default/requests", "mysfits/default/requests"])
        self.assertEqual(select_rows(None), list(ROWS))
        self.assertEqual(select_rows("nothing"), [])


if __name__ == "__main__":
    unittest.main()
