"""The commands of the guide's track on AWS. Each script that is named there runs here or in another test with a replacement for
`aws`: a parameter or an option that does not exist fails."""

import re

from resolved import ROOT
from test_scripts import HEALTHY, Scripts, described_stacks

COMMAND = re.compile(r"infra/script/([a-z-]+)((?: [A-Za-z0-9=.-]+)*)")
# Scripts that need more than the stacks of an installation: test_scripts.py and test_emulated.py run them.
RUN_ELSEWHERE = {"cleanup", "env", "exercise tracing", "setup --email"}


def commands():
    """The commands in the pages, without the region, which the test sets."""
    found = set()
    for page in sorted((ROOT / "docs/labs").glob("*.md")):
        for script, options in COMMAND.findall(page.read_text()):
            found.add((script, re.sub(r" --region [\w-]+", "", options).strip()))
    return sorted(found)


class Guide(Scripts):
    def test_each_command_of_the_track_on_aws_runs_and_deploys_its_parameters(self):
        stacks = described_stacks()
        stacks[1]["Stacks"][0]["Outputs"].append({"OutputKey": "EcsClusterName", "OutputValue": "Cluster-mysfits"})
        run = 0
        for script, options in commands():
            with self.subTest(f"{script} {options}"):
                if f"{script} {options}".strip() in RUN_ELSEWHERE:
                    continue
                _, calls = self.run_script(script, *options.split(), answers=[stacks, *HEALTHY])
                deployed = " ".join(call for call in calls if call.startswith("cloudformation deploy"))
                for setting in re.findall(r"\w+=\S+", options):
                    self.assertIn(f" {setting} ", f"{deployed} ")
                run += 1
        self.assertGreater(run, 10)
