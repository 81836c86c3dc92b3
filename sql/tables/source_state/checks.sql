-- What must hold of source_state inside the publish transaction: every query returns the rows that break it.

-- check: batch_has_a_day #warn
SELECT one.release, one.source
FROM source_state AS one
WHERE one.batch IS NOT NULL AND one.as_of IS NULL
