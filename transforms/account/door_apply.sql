-- One batch and kind between standardise and account/apply: its versions are what it says and the delivery before it did
-- not say in the same role; a batch that does not count (replaced, held) has every row for a version.
--   said (record_id, content_hash, operation, ordinal); version (ordinal, record_id, content_hash)
--   earlier (as said, position): the counting delivery before it; of a delta every one before it
--   parameter (counts): 1 where the batch counts

-- step: last_word
SELECT record_id, content_hash, operation, position
FROM (
  SELECT e.*, RANK() OVER (PARTITION BY e.record_id ORDER BY e.position DESC) AS age FROM earlier AS e
) AS a
WHERE age = 1

-- step: known
SELECT k.record_id, k.content_hash, k.operation,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY k.record_id ORDER BY k.operation ASC, k.content_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
FROM (SELECT DISTINCT record_id, content_hash, operation FROM last_word) AS k

-- step: now_said
SELECT n.record_id, n.content_hash, n.operation, n.ordinal,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY n.record_id ORDER BY n.operation ASC, n.content_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
FROM (
  SELECT record_id, content_hash, operation, MIN(ordinal) AS ordinal FROM said GROUP BY record_id, content_hash, operation
) AS n

-- step: due
SELECT n.ordinal, n.record_id, n.content_hash
FROM now_said AS n
CROSS JOIN parameter AS p
LEFT JOIN known AS k
  ON n.record_id = k.record_id AND n.content_hash = k.content_hash AND n.operation = k.operation AND n.wins = k.wins
WHERE p.counts = 1 AND k.record_id IS NULL
UNION ALL
SELECT s.ordinal, s.record_id, s.content_hash
FROM said AS s
CROSS JOIN parameter AS p
WHERE p.counts = 0

-- step: broken
SELECT 'accepted versions without a state' AS what, d.record_id
FROM (SELECT ordinal, record_id, content_hash FROM due EXCEPT ALL SELECT ordinal, record_id, content_hash FROM version) AS d
UNION ALL
SELECT 'states of versions that were not accepted, or are repeats' AS what, d.record_id
FROM (SELECT ordinal, record_id, content_hash FROM version EXCEPT ALL SELECT ordinal, record_id, content_hash FROM due) AS d

-- step: door
SELECT what, COUNT(*) AS n, MIN(record_id) AS example FROM broken GROUP BY what ORDER BY what
