"""Several sources name one node: the library is the one that a single source would have made."""

import pandas as pd

from transforms.locate import library


def test_a_second_source_that_says_the_same_changes_nothing(mentions, buildings, places):
    houses = pd.DataFrame({"entity_id": [], "address_path": []}, dtype=object)
    post = mentions.iloc[::2].assign(source="post", record_id=mentions["record_id"] + "x")
    alone = library.build(mentions, buildings, houses, places, {"housing": 95})
    both = library.build(pd.concat([post, mentions]), buildings, houses, places, {"housing": 95, "post": 95})
    assert len(post) > 2
    assert alone["building_id"].notna().any()
    pd.testing.assert_frame_equal(both, alone)
