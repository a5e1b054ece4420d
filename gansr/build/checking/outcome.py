"""What a check of folders came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gansr.data.check.findings import Finding, Severity
from gansr.data.check.whole import Statistics


@dataclass(frozen=True)
class Outcome:
    """Findings and statistics.

    Args:
        findings: the gravest first
        statistics: by role, of what could be read
        hr: folders
        lr: folders
        test: folders
        scale: of LR
        crop: that images were held to
        seconds: that it took
        files: by role
    """

    findings: Sequence[Finding]
    statistics: Mapping[str, Statistics]
    hr: Sequence[str]
    lr: Sequence[str]
    test: Sequence[str]
    scale: int
    crop: int
    seconds: float
    files: Mapping[str, int]

    @property
    def may_start(self) -> bool:
        """Whether no finding is an error."""
        return all(one.severity != "error" for one in self.findings)

    def groups(self) -> list[tuple[Severity, str, list[Finding]]]:
        """(severity, kind, findings) in order."""
        found: dict[tuple[Severity, str], list[Finding]] = {}
        for one in self.findings:
            found.setdefault((one.severity, one.kind), []).append(one)
        return [(severity, kind, findings) for (severity, kind), findings in found.items()]

    def verdict(self) -> str:
        """One sentence."""
        counts = dict.fromkeys(("error", "warning", "note"), 0)
        for severity, _, _ in self.groups():
            counts[severity] += 1
        kinds = ", ".join(f"{count} kind{'s' * (count != 1)} of {name}s" for name, count in counts.items())
        start = "Training may start" if self.may_start else "Training may not start"
        return f"{start}: {kinds}."
