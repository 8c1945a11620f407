import unittest

from bench.figures import describe_change, find_quartiles, format_figure, is_reached, round_figure


class Figures(unittest.TestCase):
    def test_the_quartiles_of_five_samples_are_the_second_and_the_fourth(self):
        self.assertEqual(find_quartiles([5, 1, 4, 2, 3]), (2, 4))

    def test_one_sample_has_no_quartiles(self):
        self.assertIsNone(find_quartiles([1]))

    def test_figures_have_four_significant_digits_and_no_exponent(self):
        self.assertEqual(round_figure(0.123456), 0.1235)
        self.assertEqual(format_figure(1234567), "1,235,000")
        self.assertEqual(format_figure(0.0000123456), "0.000012")
        self.assertEqual(format_figure(100), "100")
        self.assertEqual(format_figure(0), "0")

    def test_a_ratio_must_be_at_least_the_wanted_value(self):
        self.assertTrue(is_reached(0.85, 0.85, "ratio"))
        self.assertFalse(is_reached(0.84, 0.85, "ratio"))

    def test_a_duration_must_be_at_most_the_wanted_value(self):
        self.assertTrue(is_reached(100, 100, "ms"))
        self.assertFalse(is_reached(101, 100, "ms"))

    def test_an_earlier_value_in_the_range_of_the_samples_is_noise(self):
        self.assertEqual(describe_change(0.80, [0.79, 0.85, 0.90], "ratio"), "within the noise")
        self.assertEqual(describe_change(100, [101], "ms"), "within the noise")

    def test_a_change_of_one_sample_is_not_judged(self):
        self.assertEqual(describe_change(70, [100], "ms"), "one sample: noise unknown")

    def test_a_higher_ratio_is_better_and_a_longer_duration_is_worse(self):
        self.assertEqual(describe_change(0.70, [0.79, 0.85, 0.90], "ratio"), "**better**")
        self.assertEqual(describe_change(0.95, [0.79, 0.85, 0.90], "ratio"), "**worse**")
        self.assertEqual(describe_change(70, [79, 85, 90], "ms"), "**worse**")
        self.assertEqual(describe_change(95, [79, 85, 90], "ms"), "**better**")


if __name__ == "__main__":
    unittest.main()
