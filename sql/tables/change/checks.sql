-- What must hold of change inside the publish transaction: every query returns the rows that break it.

-- check: sequence_without_gap #fail
SELECT one.seq
FROM change AS one
LEFT JOIN change AS prior ON prior.seq = one.seq - 1
WHERE one.seq <> 1 AND prior.seq IS NULL

-- check: event_is_known #fail
SELECT one.seq
FROM change AS one
WHERE one.event NOT IN ('create', 'update', 'merge', 'split', 'move', 'retire', 'return', 'erase', 'restrict', 'notice')
