-- Which version of every record is live: a fold over all deliveries of a source in the order
-- (as_of, correction, sha256), whatever order they arrived in.
--   told_row: every accepted row of every batch (model.STANDARD); kept: records of quarantined rows of current batches
--   delivery: batch, mode, fate (counts | replaced | held), position and last_position among the counting ones, as_of

-- step: numbered
SELECT
  r.source, r.batch, r.ordinal, r.line, r.kind, r.record_id, r.content_hash, r.operation,
  d.mode, d.fate, d.position, d.last_position, d.as_of,
  ROW_NUMBER() OVER (PARTITION BY r.batch, r.kind, r.record_id, r.content_hash, r.operation ORDER BY r.ordinal) AS repetition
FROM told_row AS r
INNER JOIN delivery AS d ON r.batch = d.batch

-- step: ranked
SELECT
  n.*,
  ROW_NUMBER() OVER (PARTITION BY n.batch, n.kind, n.record_id ORDER BY n.operation ASC, n.content_hash DESC) AS preference
FROM numbered AS n
WHERE n.fate = 'counts' AND n.repetition = 1

-- step: version
SELECT
  v.*,
  CASE
    WHEN LAG(v.content_hash) OVER w IS NULL THEN 1
    WHEN LAG(v.content_hash) OVER w <> v.content_hash OR LAG(v.operation) OVER w <> v.operation THEN 1
    WHEN v.mode = 'snapshot' AND LAG(v.position) OVER w <> v.position - 1 THEN 1
    ELSE 0
  END AS changed,
  ROW_NUMBER() OVER (PARTITION BY v.kind, v.record_id ORDER BY v.position DESC) AS age
FROM ranked AS v
WHERE v.preference = 1
WINDOW w AS (PARTITION BY v.kind, v.record_id ORDER BY v.position ASC)

-- step: spell
SELECT
  v.*,
  SUM(v.changed) OVER (PARTITION BY v.kind, v.record_id ORDER BY v.position ASC ROWS UNBOUNDED PRECEDING) AS spell
FROM version AS v

-- step: last_word
SELECT
  s.kind, s.record_id, s.spell,
  CASE
    WHEN s.operation = 'delete' THEN 0
    WHEN s.mode = 'delta' OR s.position = s.last_position OR k.record_id IS NOT NULL THEN 1
    ELSE 0
  END AS lives
FROM spell AS s
LEFT JOIN kept AS k ON s.kind = k.kind AND s.record_id = k.record_id
WHERE s.age = 1

-- step: live
SELECT s.kind, s.batch, s.ordinal, s.record_id, s.content_hash, s.as_of, s.as_of AS since
FROM spell AS s
INNER JOIN last_word AS l ON s.kind = l.kind AND s.record_id = l.record_id AND s.spell = l.spell
WHERE s.changed = 1 AND l.lives = 1

-- step: state
SELECT
  n.source, n.batch, n.ordinal, n.line, n.kind, n.record_id, n.content_hash,
  CASE
    WHEN n.fate = 'held' THEN 'held'
    WHEN n.fate = 'replaced' THEN 'superseded'
    WHEN v.batch IS NOT NULL THEN 'merged'
    WHEN s.spell IS NULL OR s.spell <> l.spell THEN 'superseded'
    WHEN l.lives = 1 THEN 'duplicate'
    WHEN s.age = 1 AND n.repetition = 1 THEN 'withdrawn'
    ELSE 'superseded'
  END AS state
FROM numbered AS n
LEFT JOIN live AS v
  ON n.batch = v.batch AND n.ordinal = v.ordinal AND n.kind = v.kind AND n.record_id = v.record_id
LEFT JOIN spell AS s
  ON n.batch = s.batch AND n.kind = s.kind AND n.record_id = s.record_id
    AND n.content_hash = s.content_hash AND n.operation = s.operation
LEFT JOIN last_word AS l ON n.kind = l.kind AND n.record_id = l.record_id
ORDER BY n.source, n.batch, n.kind, n.ordinal, n.record_id
