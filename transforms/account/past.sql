-- What the fold has to know of deliveries that go: run after apply.sql, over these deliveries alone, in the same engine.
--   spell, last_word, version, ranked: steps of apply.sql

-- step: past
SELECT
  p.source, p.batch, p.ordinal, p.line, p.kind, p.record_id, p.content_hash, p.operation, p.as_of, p.latest, p.outvoted
FROM (
  SELECT
    s.source, s.batch, s.ordinal, s.line, s.kind, s.record_id, s.content_hash,
    CASE WHEN l.lives = 1 THEN s.operation ELSE 'delete' END AS operation,
    s.as_of, e.position = e.last_position AS latest, FALSE AS outvoted
  FROM spell AS s
  INNER JOIN last_word AS l ON s.kind = l.kind AND s.record_id = l.record_id AND s.spell = l.spell
  INNER JOIN spell AS e ON s.kind = e.kind AND s.record_id = e.record_id AND e.age = 1
  WHERE s.changed = 1
  UNION ALL
  SELECT
    r.source, r.batch, r.ordinal, r.line, r.kind, r.record_id, r.content_hash, r.operation,
    r.as_of, r.position = r.last_position AS latest, TRUE AS outvoted
  FROM ranked AS r
  INNER JOIN version AS v ON r.position = v.position AND r.kind = v.kind AND r.record_id = v.record_id
  WHERE r.preference > 1 AND v.age = 1
) AS p
ORDER BY p.source, p.kind, p.record_id, p.outvoted, p.batch, p.ordinal
