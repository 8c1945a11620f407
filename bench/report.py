"""Prints the table, writes `bench.json`, and compares with an earlier `bench.json`."""

import json
import statistics
import sys

from bench.figures import describe_change, find_quartiles, format_figure, is_reached, round_figure

HEAD = "| row | median | quartiles | unit | wanted |\n|---|---:|---|---|---|"
COMPARISON_HEAD = "| row | earlier | now | unit | change | |\n|---|---:|---:|---|---:|---|"


def format_row(row, samples):
    value = statistics.median(samples)
    quartiles = find_quartiles(samples)
    spread = " to ".join(format_figure(each) for each in quartiles) if quartiles else "one sample"
    verdict = ""
    if row.wanted is not None:
        verdict = f"{format_figure(row.wanted)}: {'reached' if is_reached(value, row.wanted, row.unit) else '**missed**'}"
    return f"| {row.name} | {format_figure(value)} | {spread} | {row.unit} | {verdict} |"


def write_json(path, measured):
    """Writes the median of each row. `measured` contains pairs of a row and its samples."""
    figures = {row.name: {"value": round_figure(statistics.median(samples)), "unit": row.unit, "wanted": row.wanted} for row, samples in measured}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def read_json(path):
    """Reads an earlier bench.json. Ends this program if the file is not one."""
    try:
        figures = json.loads(path.read_text())
        return {name: (float(figure["value"]), figure["unit"]) for name, figure in figures.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(f"error: {path} is not a bench.json ({error!r}); give --compare a file that an earlier run wrote to target/bench.json")


def format_comparison(earlier, measured):
    """Returns the lines of a table with one line for each row that both runs measured."""
    lines = [COMPARISON_HEAD]
    for row, samples in measured:
        value, unit = earlier.get(row.name, (0, None))
        if unit != row.unit:
            continue
        now = statistics.median(samples)
        change = f"{(now / value - 1) * 100:+.1f} %" if value else ""
        lines.append(f"| {row.name} | {format_figure(value)} | {format_figure(now)} | {unit} | {change} | {describe_change(value, samples, unit)} |")
    return lines
