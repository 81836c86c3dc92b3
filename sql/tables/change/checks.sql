-- What must hold of change inside the publish transaction: every query returns the rows that break it.

-- check: sequence_without_gap #fail
SELECT COUNT(*) AS events
FROM change AS one
HAVING COALESCE(MAX(one.seq), 0) <> COUNT(*)

-- check: event_is_known #fail
SELECT one.seq
FROM change AS one
WHERE one.event NOT IN ('create', 'update', 'merge', 'split', 'move', 'retire', 'return', 'erase', 'restrict', 'notice')
