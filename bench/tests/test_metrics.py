import unittest

from bench.metrics import ALARMS, FULL_METRICS, FULL_MINUTES, SERIES, create_alarm, create_datum, create_metric, subtract_median


class Metrics(unittest.TestCase):
    def test_a_datum_belongs_to_the_metric_that_the_query_and_the_alarm_have(self):
        metric = create_metric(3)
        datum = create_datum(3, 60)
        self.assertEqual({name: datum[name] for name in ("MetricName", "Dimensions")}, {name: metric[name] for name in ("MetricName", "Dimensions")})
        alarm = create_alarm(SERIES + 3)
        self.assertEqual({name: alarm[name] for name in metric}, metric)

    def test_the_alarms_have_different_names_and_watch_all_series(self):
        alarms = [create_alarm(number) for number in range(ALARMS)]
        self.assertEqual(len({alarm["AlarmName"] for alarm in alarms}), ALARMS)
        self.assertEqual(len({alarm["MetricName"] for alarm in alarms}), SERIES)

    def test_the_full_store_is_at_both_of_its_limits(self):
        self.assertEqual((FULL_METRICS, FULL_METRICS * FULL_MINUTES * 2), (10_000, 500_000))

    def test_the_median_of_the_reference_is_subtracted(self):
        self.assertEqual(subtract_median([5, 7], [1, 2, 90]), [3, 5])


if __name__ == "__main__":
    unittest.main()
