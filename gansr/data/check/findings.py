"""What a check can find: its kinds, how grave each is, and what is to be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From grave to slight. With an error training may not start."""


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Args:
        severity: unless a finding says another
        title: what it is, in a few words
        advice: a sentence that says what to do
    """

    severity: Severity
    title: str
    advice: str


@dataclass(frozen=True)
class Finding:
    """Something that was found.

    Args:
        kind: a key of KINDS
        files: the file; LR and HR of a pair; or those that are alike
        said: what is so in these files, a few words
        value: the number that was measured, if any
        graver: a severity other than the kind's
    """

    kind: str
    files: tuple[Path, ...]
    said: str = ""
    value: float | None = None
    graver: Severity | None = None

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return self.graver or KINDS[self.kind].severity


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, then by kind as in the table, then by file."""
    kinds = list(KINDS)
    return sorted(
        findings, key=lambda one: (SEVERITIES.index(one.severity), kinds.index(one.kind), [str(f) for f in one.files])
    )


KINDS: dict[str, Kind] = {
    # Files
    "broken_link": Kind(
        "error", "links that lead nowhere", "Copy the images they should lead to, or remove the links."
    ),
    "no_permission": Kind("error", "files that may not be read", "Give yourself the right to read them (chmod u+r)."),
    "empty": Kind("error", "files of 0 bytes", "Fetch them again, or remove them."),
    "truncated": Kind("error", "files that end too early", "Fetch them again, or remove them."),
    "corrupt": Kind("error", "damaged files", "Fetch them again, or remove them."),
    "not_image": Kind("error", "files that are no images", "Remove them, or give them another ending."),
    "unsupported": Kind("error", "images of a kind that is not read", "Convert them to PNG of 8 or 16 bits."),
    "bomb": Kind("error", "images too large to be opened", "Cut them into parts: Pillow refuses so many pixels."),
    "huge": Kind("warning", "very large images", "Cut them into parts: each has to be decoded whole."),
    "wrong_extension": Kind("note", "endings that lie", "They are read by what they are; rename them for other tools."),
    "animation": Kind(
        "note", "images of several frames", "The first frame is read; save others as files of their own."
    ),
    "orientation": Kind("note", "images turned by EXIF", "They are turned upright; tools that do not will disagree."),
    "profile": Kind(
        "note", "colour profiles other than sRGB", "Convert them to sRGB: tools disagree about such colours."
    ),
    # Kinds of pixels
    "sixteen_bits": Kind("note", "images of 16 bits", "They become 8 bits; nothing is to be done."),
    "grey": Kind("note", "grey images among colour", "They train as three equal channels; leave them out if unwanted."),
    "palette": Kind("note", "images with a palette", "They become RGB; few colours may mean bands or dithering: look."),
    "cmyk": Kind("note", "images for print (CMYK)", "They become RGB, and tools disagree about how: look at them."),
    "transparent": Kind("note", "transparent images", "Transparency is dropped: see what was hidden under it."),
    # Names
    "case": Kind("warning", "names that differ only in case", "Rename one: elsewhere they are one file."),
    "same_stem": Kind("warning", "names that differ only in their ending", "Keep one of them: pairs are told by name."),
    "odd_name": Kind("note", "unusual names", "Rename them if other tools stumble over them."),
    "other_files": Kind("note", "other files", "Nothing: they are left alone."),
    # Single images
    "too_small": Kind(
        "error", "images smaller than the crop", "Set a smaller crop, small_images: skip, or remove them."
    ),
    "blank": Kind("warning", "images that show nothing", "Remove them: there is nothing to learn from."),
    "low_detail": Kind("warning", "images without fine detail", "Leave them out as HR, or use them at a smaller size."),
    "enlarged": Kind("warning", "images that were enlarged", "Find the originals, or shrink these by the factor."),
    "compressed": Kind(
        "warning", "HR with traces of JPEG", "Prefer originals, or shrink these: GANs learn the blocks."
    ),
    "frame": Kind("warning", "images with a black or white frame", "Cut the frame off."),
    "clipped": Kind("note", "much pure black or white", "Look at them: drawings are so, photos are badly exposed."),
    "narrow": Kind("note", "narrow range of brightness", "Look at them: fog is so, or a wrong conversion."),
    "noisy": Kind("note", "noise in HR", "Look at them: what is noise in HR is learned as detail."),
    # Images that are alike
    "duplicate": Kind("warning", "the same image several times", "Keep one of each."),
    "near_duplicate": Kind("warning", "nearly the same image several times", "Keep the best of each."),
    "leak": Kind(
        "error", "test images in the training set", "Remove them from training: scores would be worth nothing."
    ),
    # Pairs
    "hr_alone": Kind("error", "HR without LR", "Make the missing LR, or remove the HR."),
    "lr_alone": Kind("warning", "LR without HR", "They are left out; remove them, or find their HR."),
    "ambiguous": Kind("error", "several LR for one HR", "Keep one of them."),
    "swapped": Kind("error", "LR and HR in each other's place", "Exchange the two folders."),
    "pair_size": Kind("error", "sizes that do not fit the scale", "Make the LR anew, or correct the scale."),
    "mismatch": Kind("error", "pairs that show different things", "Find the right partner, or remove both."),
    "turned": Kind("error", "pairs of which one is turned or mirrored", "Turn them alike; EXIF may be the cause."),
    "channels": Kind(
        "error", "pairs with exchanged colour channels", "Make the LR anew: a BGR array was saved as RGB."
    ),
    "shift": Kind("warning", "LR shifted against HR", "Make the LR anew, or align it: results would be shifted."),
    "colour": Kind("warning", "pairs that differ in colour or brightness", "Correct it, unless it is to be learned."),
    "kernel": Kind("warning", "LR not made by bicubic", "Judge by LR of the same kernel, or make the LR anew."),
    "real_pair": Kind("note", "LR made by no known kernel", "Nothing, if these are real pairs."),
}
