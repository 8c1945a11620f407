"""The pages have what a reader needs, their links lead somewhere, and the first labs do not tell what the reader is going to find."""

import re
import unittest
from pathlib import Path

from page import Output, blocks

PAGES = Path(__file__).resolve().parents[3] / "docs/labs"
LABS = sorted(PAGES.glob("[0-9]*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def anchors(text):
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Pages(unittest.TestCase):
    def test_each_step_has_a_checkpoint_and_each_page_has_a_goal_a_time_two_hints_a_solution_and_further_reading(self):
        self.assertEqual(len(LABS), 9)
        for path in LABS:
            text = path.read_text()
            checkpoints = [block.checkpoint for block in blocks(text) if block.checkpoint]
            self.assertEqual(re.findall(r"^## (\d\.\d) ", text, re.MULTILINE), checkpoints, path.name)
            for part in ("**Goal.**", "**Time.**", "**You need**", "Hint 1<", "Hint 2<", "## Further reading", "> **On AWS**"):
                self.assertIn(part, text, path.name)
            # These have a question instead of an exercise.
            if path.stem not in ("3-sampling", "4-target-tracking"):
                self.assertIn("<summary>Solution", text, path.name)

    def test_links_lead_to_pages_and_headings_that_exist(self):
        for path in PAGES.glob("*.md"):
            for target, anchor in LINK.findall(path.read_text()):
                page = (path.parent / target).resolve() if target else path
                self.assertTrue(page.exists(), f"{path.name}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(page.read_text()), f"{path.name}: {target}#{anchor}")

    def test_what_a_reader_pastes_into_an_editor_is_in_the_solution_of_the_step(self):
        for path in LABS:
            text = path.read_text()
            commands = "".join("".join(block.text.split()) for block in blocks(text))
            for snippet in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
                self.assertIn("".join(snippet.split()), commands, path.name)

    def test_no_command_has_what_only_an_interactive_shell_reads_otherwise(self):
        """An interactive zsh knows no comments, and has variables of its own. In double quotes, `!` begins an event of the history."""
        for path in [*PAGES.glob("*.md")]:
            for block in blocks(path.read_text()):
                without_single_quotes = re.sub(r"'[^']*'", "", block.text)
                self.assertNotRegex(without_single_quotes, r"(^|\s)#|\"[^\"]*!|\b(path|status|argv|options|signals)=", f"{path.name}:{block.line}")

    def test_labs_0_to_2_and_the_index_name_neither_the_switch_nor_the_faults(self):
        spoilers = re.compile(r"chaos|stress|simulated|burn|digits|64 ?%|25 ?%|11 ?%", re.IGNORECASE)
        for path in [PAGES / "README.md", PAGES / "clean-up.md", *LABS[:3]]:
            self.assertIsNone(spoilers.search(path.read_text()), path.name)
        for path in LABS[:2]:
            self.assertNotIn("answers.md", path.read_text(), path.name)


class Outputs(unittest.TestCase):
    def matches(self, expected, actual, numbers_vary=False):
        return Output(1, expected, numbers_vary, False).matches(actual)

    def test_ids_and_times_may_differ_and_words_may_not(self):
        expected = "task 15a9b4d7e5e46d64da71afc72598cf15 at 2026-11-27T06:44:38Z in 14.2 ms"
        self.assertTrue(self.matches(expected, "task 25a9b4d7e5e46d64da71afc72598cf15 at 2027-01-01T00:00:00.5Z in 3.17 s\n"))
        self.assertFalse(self.matches(expected, "task none at 2027-01-01T00:00:00.5Z in 3.17 s\n"))

    def test_numbers_differ_only_where_they_may_and_0_differs_from_all_others(self):
        self.assertFalse(self.matches("3 tasks", "2 tasks\n"))
        self.assertTrue(self.matches("3 tasks", "2 tasks\n", numbers_vary=True))
        self.assertFalse(self.matches("3 tasks", "0 tasks\n", numbers_vary=True))
        self.assertFalse(self.matches("0.00 % (0)", "45.10 % (224)\n", numbers_vary=True))
        # An average has as many digits as an id.
        self.assertTrue(self.matches("200 0.0076", "200 0.1234567890123456\n", numbers_vary=True))

    def test_an_ellipsis_is_any_text_in_a_line_and_any_lines_on_its_own(self):
        self.assertTrue(self.matches("a … d", "a b c d\n"))
        self.assertFalse(self.matches("a … d", "a b\nc d\n"))
        self.assertTrue(self.matches("a\n…\nd", "a\nb\nc\nd\n"))
        self.assertTrue(self.matches("a\n…\nd", "a\nd\n"))
        self.assertFalse(self.matches("a\nd", "a\nb\nd\n"))


    def test_an_output_may_have_to_lack_a_text(self):
        (block,) = blocks("```sh\nbuild\n```\n<!-- guide: without Compiling syn -->\n```text\n…\n```\n")
        self.assertTrue(block.outputs[0].matches("Compiling like-service\n"))
        self.assertFalse(block.outputs[0].matches("Compiling syn v2\n"))


class Blocks(unittest.TestCase):
    def test_blocks_in_boxes_are_not_run_and_comments_replace_long_ones(self):
        text = "## 1.2 Step\n> ```sh\n> on AWS\n> ```\n<!-- guide: instead\nshort\n-->\n```sh\nlong\n```\n```text\nout\n```\n"
        (block,) = blocks(text)
        self.assertEqual((block.text, block.step, [output.text for output in block.outputs]), ("short\n", "1.2", ["out\n"]))

    def test_an_unknown_comment_and_an_unknown_language_are_errors(self):
        for text in ("<!-- guide: number vary -->\n", "```bash\nls\n```\n"):
            with self.assertRaises(ValueError):
                blocks(text)


if __name__ == "__main__":
    unittest.main()
