import unittest

from bench.collection import DESCRIBED, UNCOLLECTED, UNMETERED, change_definition

DEFINITION = {
    "family": "like",
    **{member: "described" for member in DESCRIBED},
    "containerDefinitions": [
        {
            "name": "like-service",
            "environment": [{"name": "OTEL_METRICS_EXPORTER", "value": "emf"}, {"name": "PORT", "value": "8080"}],
            "logConfiguration": {"logDriver": "awslogs"},
        }
    ],
}


class Collection(unittest.TestCase):
    def test_a_lab_without_log_collection_differs_only_in_the_log_configuration(self):
        changed = change_definition(DEFINITION, UNCOLLECTED)
        [container] = DEFINITION["containerDefinitions"]
        expected = {name: value for name, value in container.items() if name != "logConfiguration"}
        self.assertEqual(changed, {"family": "like", "containerDefinitions": [expected]})

    def test_a_lab_without_metrics_differs_only_in_the_exporter(self):
        [container] = change_definition(DEFINITION, UNMETERED)["containerDefinitions"]
        self.assertEqual(container["environment"], [{"name": "PORT", "value": "8080"}, {"name": "OTEL_METRICS_EXPORTER", "value": "none"}])
        self.assertEqual(container["logConfiguration"], {"logDriver": "awslogs"})

    def test_the_definition_itself_does_not_change(self):
        before = repr(DEFINITION)
        change_definition(DEFINITION, UNCOLLECTED)
        change_definition(DEFINITION, UNMETERED)
        self.assertEqual(repr(DEFINITION), before)


if __name__ == "__main__":
    unittest.main()
