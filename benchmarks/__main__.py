"""``make bench``: builds, measures every budget in one run, and writes the report."""

import sys

from benchmarks import artefacts, cold_start, cost, pages, report, throughput, warm
from tools.stack.stack import say


def main() -> int:
    """Measure; return the exit status: 0 if every budget is met."""
    built = artefacts.build()
    say("Cold starts …")
    sections = [cold_start.measure(built)]
    say("Warm requests …")
    requests, cases = warm.measure(built)
    sections.append(requests)
    say("Throughput …")
    sections.append(throughput.measure(built))
    sections += [artefacts.measure(built), pages.measure(), cost.measure(cases)]
    report.write(sections, report.remarks())
    for section in sections:
        for figure in section.figures:
            verdict = "met" if figure.is_met else "MISSED"
            wanted = f"{figure.bound} {figure.budget:g} {figure.unit}"
            say(f"{verdict:6} {figure.what}: {figure.reached:.2f} {figure.unit} ({wanted.strip()})")
    return int(any(not each.is_met for section in sections for each in section.figures))


if __name__ == "__main__":
    sys.exit(main())
