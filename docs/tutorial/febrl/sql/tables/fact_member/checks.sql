-- What must hold of fact_member inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.member_id
FROM fact_member AS one
WHERE one.known_to <= one.known_from
