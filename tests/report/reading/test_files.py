"""The domain audit, and files of scores."""

import json
from pathlib import Path

import numpy as np
import pytest

from gansr.data.files.images import write_image
from gansr.errors import DataError
from gansr.report.reading.audit import audit_of
from gansr.report.reading.scores_file import read_scores


def test_the_audit_keeps_its_sentences_its_table_and_its_picture(tmp_path: Path) -> None:
    (tmp_path / "domain_audit.md").write_text(
        "# Domain audit: 3 of <4>\n\n| statistic | HR | real LR |\n|---|---|---|\n| blur | 1.0 | 2.0 |\n\n"
        "* A fact.\n* **Watch out:** colours & light.\n\n![radial power spectra](domain_audit.png)\n",
        "utf-8",
    )
    write_image(tmp_path / "domain_audit.png", np.zeros((4, 4, 3), np.uint8))
    found = audit_of(tmp_path)
    assert found is not None
    for words in (
        "<h4>Domain audit: 3 of &lt;4&gt;</h4>",
        '<th scope="row">blur</th><td>1.0</td><td>2.0</td>',
        "<li>A fact.</li>",
        "<li><strong>Watch out:</strong> colours &amp; light.</li>",
        'src="data:image/webp;base64,',
    ):
        assert words in found.html
    assert "---" not in found.html


def test_no_audit_is_none(tmp_path: Path) -> None:
    assert audit_of(tmp_path) is None


def test_scores_of_evaluate(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text(json.dumps({"m": {"scale": 4, "means": {"set5": {"psnr": "inf", "ssim": 0.5}}}}), "utf-8")
    assert read_scores([path]) == {"m": {"set5": {"psnr": float("inf"), "ssim": 0.5}}}
    with pytest.raises(DataError, match="a model m is in another file too"):
        read_scores([path, path])


@pytest.mark.parametrize("text", ["[]", "{", '{"m": {}}', '{"m": {"means": {"set5": {"psnr": "high"}}}}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.json").write_text(text, "utf-8")
    with pytest.raises(DataError, match="expected what gansr evaluate --json writes"):
        read_scores([tmp_path / "scores.json"])
