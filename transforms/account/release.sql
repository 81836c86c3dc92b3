-- The receipts of the night: what became of every landed row, the crosswalk of its versions, what waits in quarantine.
--   landed_row (source, batch, ordinal, line), verdict (batch, ordinal, accepted, rule, field) of passed batches,
--   delivery (source, batch, mode, fate, hold, first_night, last, department), feed (source, kind, mention),
--   version (model.VERSION), cluster (kind, record_id, entity_id)

-- step: record
SELECT v.source, v.batch, v.line, v.ordinal, v.kind, v.record_id, c.entity_id, v.state
FROM version AS v
LEFT JOIN cluster AS c ON v.kind = c.kind AND v.record_id = c.record_id
ORDER BY v.source, v.batch, v.line, v.kind, v.record_id, v.ordinal

-- step: row_version
SELECT
  v.batch, v.ordinal, v.kind,
  MIN(
    CASE v.state
      WHEN 'merged' THEN 1
      WHEN 'held' THEN 2
      WHEN 'duplicate' THEN 3
      WHEN 'superseded' THEN 4
      WHEN 'withdrawn' THEN 5
      ELSE 6
    END
  ) AS best
FROM version AS v
GROUP BY v.batch, v.ordinal, v.kind

-- step: fated
SELECT
  r.source, r.batch, r.ordinal, r.line, f.kind,
  CASE
    WHEN d.hold IS NOT NULL THEN 'held'
    WHEN NOT w.accepted THEN 'quarantined'
    WHEN v.best = 1 THEN 'merged'
    WHEN v.best = 2 THEN 'held'
    WHEN v.best = 3 THEN 'duplicate'
    WHEN v.best = 4 THEN 'superseded'
    WHEN v.best = 5 THEN 'withdrawn'
    WHEN v.best = 6 THEN 'erased'
    WHEN w.accepted AND f.mention AND d.fate = 'held' THEN 'held'
    WHEN w.accepted AND f.mention THEN 'duplicate'
  END AS state,
  CASE
    WHEN d.hold IS NOT NULL THEN d.hold
    WHEN NOT w.accepted THEN w.rule
    WHEN v.best IS NULL AND f.mention THEN 'MENTIONED'
  END AS rule
FROM landed_row AS r
INNER JOIN delivery AS d ON r.batch = d.batch
INNER JOIN feed AS f ON r.source = f.source
LEFT JOIN verdict AS w ON r.batch = w.batch AND r.ordinal = w.ordinal
LEFT JOIN row_version AS v ON r.batch = v.batch AND r.ordinal = v.ordinal AND f.kind = v.kind

-- step: quarantine
SELECT
  r.source, r.batch, r.ordinal, r.line, w.field, w.rule, d.department, d.first_night AS since,
  CASE WHEN d.last OR d.fate = 'held' OR (d.fate = 'counts' AND d.mode = 'delta') THEN 'open' ELSE 'closed' END AS state
FROM landed_row AS r
INNER JOIN delivery AS d ON r.batch = d.batch
INNER JOIN verdict AS w ON r.batch = w.batch AND r.ordinal = w.ordinal
WHERE NOT w.accepted
ORDER BY r.source, r.batch, r.ordinal

-- step: outcome
SELECT source, batch, ordinal, line, kind, state, rule
FROM fated
WHERE state IS NOT NULL
ORDER BY source, batch, ordinal, kind
