"""A contract is strict: what is wrong is said with file, field and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from transforms import contract
from transforms.errors import ConfigError

REPOSITORY = Path(__file__).parents[3]
GOOD = yaml.safe_load((REPOSITORY / "expectations/contracts/shichang_zhuti.yml").read_text("utf-8"))


def written(folder: Path, document: dict[str, object], stem: str = "shichang_zhuti") -> Path:
    path = folder / f"{stem}.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return path


def test_the_good_one_loads(tmp_path: Path) -> None:
    loaded = contract.load(written(tmp_path, GOOD))
    assert "主体标识" in loaded.landed_headings
    assert "注册资本" not in loaded.landed_headings
    assert loaded.columns_of("premises")["name"].heading == "企业名称"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "colour"),
        ({"key": ["没有"]}, "没有"),
        ({"source": "another_one"}, "stem"),
        ({"on_new_column": "guess"}, "on_new_column"),
        ({"arrives": GOOD["arrives"] | {"operation": None}}, "operation"),
        ({"arrives": GOOD["arrives"] | {"encoding": None}}, "never guessed"),
        ({"arrives": GOOD["arrives"] | {"file_pattern": "x"}}, "as_of"),
        ({"feeds": {"organization": {"key": ["主体标识"]}}}, "premises"),
        ({"columns": [*GOOD["columns"], GOOD["columns"][0]]}, "twice"),
    ],
)
def test_a_wrong_one_says_what_is_wrong(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        contract.load(written(tmp_path, GOOD | change))


def test_no_yaml_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text("a: [", "utf-8")
    with pytest.raises(ConfigError, match="not readable as YAML"):
        contract.load(path)
