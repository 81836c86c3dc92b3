-- Which version of every record is live: a fold over all deliveries of a source in the order
-- (as_of, correction, sha256), whatever order they arrived in. A spell is a run of deliveries that say the same of a record;
-- its first row is the version, the others are unchanged repeats.
--   told_row: every accepted row of every batch (model.STANDARD); kept: records of quarantined rows of current batches
--   (source, batch and kind may be numbers that lie in the order of the names)
--   tail: what deliveries that went said last of every record, each with its place before the first that is held
--     (columns of ranked; settled: 1 where what became of it is told already)
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
  n.source, n.batch, n.ordinal, n.line, n.kind, n.record_id, n.content_hash, n.operation,
  n.mode, n.position, n.last_position, n.as_of,
  ROW_NUMBER() OVER (PARTITION BY n.batch, n.kind, n.record_id ORDER BY n.operation ASC, n.content_hash DESC) AS preference,
  0 AS settled
FROM numbered AS n
WHERE n.fate = 'counts' AND n.repetition = 1
UNION ALL
SELECT
  t.source, t.batch, t.ordinal, t.line, t.kind, t.record_id, t.content_hash, t.operation,
  t.mode, t.position, t.last_position, t.as_of, t.preference, t.settled
FROM tail AS t

-- step: version
SELECT
  v.*,
  CASE
    WHEN LAG(v.content_hash) OVER w IS NULL THEN 1
    WHEN LAG(v.content_hash) OVER w <> v.content_hash OR LAG(v.operation) OVER w <> v.operation THEN 1
    WHEN v.mode = 'snapshot' AND LAG(v.position) OVER w <> v.position - 1 THEN 1
    ELSE 0
  END AS changed,
  LAG(v.position) OVER w AS before,
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

-- step: contradicted
-- Rows that another row of their batch outvoted; the same words outvoted again in the next delivery are a repeat.
SELECT
  r.*,
  CASE
    WHEN r.mode = 'snapshot' AND v.before <> r.position - 1 THEN 1
    WHEN LAG(r.position) OVER (PARTITION BY r.kind, r.record_id, r.content_hash, r.operation ORDER BY r.position ASC) = v.before THEN 0
    ELSE 1
  END AS changed
FROM ranked AS r
INNER JOIN version AS v ON r.position = v.position AND r.kind = v.kind AND r.record_id = v.record_id
WHERE r.preference > 1

-- step: state
-- One row for each version, and for each row that counts for nothing; an unchanged repeat has none.
SELECT u.source, u.batch, u.ordinal, u.line, u.kind, u.record_id, u.content_hash, u.state
FROM (
  SELECT
    n.source, n.batch, n.ordinal, n.line, n.kind, n.record_id, n.content_hash,
    CASE n.fate WHEN 'held' THEN 'held' ELSE 'superseded' END AS state
  FROM numbered AS n
  WHERE n.fate <> 'counts'
  UNION ALL
  SELECT c.source, c.batch, c.ordinal, c.line, c.kind, c.record_id, c.content_hash, 'superseded' AS state
  FROM contradicted AS c
  WHERE c.changed = 1 AND c.settled = 0
  UNION ALL
  SELECT
    s.source, s.batch, s.ordinal, s.line, s.kind, s.record_id, s.content_hash,
    CASE
      WHEN s.spell <> l.spell THEN 'superseded'
      WHEN l.lives = 1 THEN 'merged'
      ELSE 'withdrawn'
    END AS state
  FROM spell AS s
  INNER JOIN last_word AS l ON s.kind = l.kind AND s.record_id = l.record_id
  WHERE s.changed = 1
) AS u
ORDER BY u.source, u.batch, u.kind, u.ordinal, u.record_id
