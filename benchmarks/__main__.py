"""``make bench``: builds, measures every budget in one run, and writes the report.

Into ``.local/bench``, for a measurement changes no file of the repository; ``make bench REPORT=1``
writes ``docs/performance.md``.
"""

import sys

from benchmarks import artefacts, cold_start, cost, pages, report, throughput, warm
from tools.stack.options import OptionError, report_folder
from tools.stack.stack import ROOT, say


def main() -> int:
    """Measure; return the exit status: 0 if every budget is met, 2 for a wrong option."""
    try:
        folder = report_folder("bench")
    except OptionError as error:
        print(error, file=sys.stderr)
        return 2
    built = artefacts.build()
    say("Cold starts …")
    sections = [cold_start.measure(built)]
    say("Warm requests …")
    requests, cases = warm.measure(built)
    sections.append(requests)
    say("Throughput …")
    sections.append(throughput.measure(built))
    sections += [artefacts.measure(built), pages.measure(), cost.measure(cases)]
    written = report.write(sections, report.remarks(), folder)
    for section in sections:
        for figure in section.figures:
            verdict = "met" if figure.is_met else "MISSED"
            wanted = f"{figure.bound} {figure.budget:g} {figure.unit}"
            say(f"{verdict:6} {figure.what}: {figure.reached:.2f} {figure.unit} ({wanted.strip()})")
    say(f"The report: {written.relative_to(ROOT)}")
    return int(any(not each.is_met for section in sections for each in section.figures))


if __name__ == "__main__":
    sys.exit(main())
