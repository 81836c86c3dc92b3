"""What all sources are read by holds by the night: an entry that begins or ends there makes older columns stale."""

from __future__ import annotations

import dataclasses
import shutil

import pandas as pd
import pytest

from tests.unit.standardise.test_room import person
from transforms import manifest, store
from transforms import standardise as room
from transforms.divisions import divisions
from transforms.standardise import names, words
from transforms.standardise.address import gazetteer

NIGHTS = ("2026-10-01", "2026-10-02", "2026-10-03")
FORMS = "form,as,valid_from,valid_to\n合作社,社,2026-10-02,2026-10-02\n"
NEW = "445303101000,石城镇,town,445303000000,false,2026-10-02,,"
OLD = (
    "445303100000,六都镇,town,445303000000,false,,,",
    "445303100000,六都镇,town,445303000000,false,,2026-10-01,445303101000",
)


@pytest.fixture(scope="module")
def dated(expectations, tmp_path_factory):
    """One legal form of one day, and a town that follows another from the second night on."""
    copy = shutil.copytree(expectations, tmp_path_factory.mktemp("dated") / "expectations")
    (copy / "lookups" / "legal_forms.csv").write_text(FORMS, "utf-8")
    table = copy / "lookups" / "divisions.csv"
    text = table.read_text("utf-8")
    assert OLD[0] in text
    table.write_text(text.replace(*OLD) + NEW + "\n", "utf-8")
    return copy


def test_a_legal_form_holds_on_its_nights(dated):
    told = [names.organization(pd.Series(["云城合作社"], dtype=object), names.load(dated, n))["key"][0] for n in NIGHTS]
    assert told == ["云城合作社", "云城社", "云城合作社"]


def test_a_division_is_known_from_its_first_night_and_lives_on_in_its_successor(dated):
    told = [[gazetteer.load(dated, night).walk(name).codes for name in ("六都镇", "石城镇")] for night in NIGHTS[:2]]
    assert told == [[("445303100000",), ()], [("445303101000",), ("445303101000",)]]
    standing = [set(divisions(dated, night)["code"]) & {"445303100000", "445303101000"} for night in NIGHTS[:2]]
    assert standing == [{"445303100000"}, {"445303101000"}]


def test_a_batch_is_read_again_on_the_night_an_entry_begins_and_on_no_other(run, dated, deliver):
    run = dataclasses.replace(run, settings=dataclasses.replace(run.settings, expectations=dated))
    batch = deliver("gongan_hukou", [person(1)])
    made = []
    for night in (*NIGHTS, "2026-10-04"):
        room.run(dataclasses.replace(run, night=night), ["gongan_hukou"])
        made.append(manifest.Manifest.read(store.batch_dir(run.settings, "standardise", batch)).inputs["words"])
    assert made == [words.digest(dated, night) for night in (*NIGHTS, NIGHTS[-1])]
    assert len(set(made)) == len(NIGHTS)
