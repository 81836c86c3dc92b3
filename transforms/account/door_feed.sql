-- The change feed: numbered 1..n without a gap, and replayed from the first release it gives the current keys.
--   change (as published), current_key (kind, entity_id)

-- step: last_event
SELECT kind, entity_id, event
FROM (
  SELECT kind, entity_id, event, ROW_NUMBER() OVER (PARTITION BY kind, entity_id ORDER BY seq DESC) AS age
  FROM change
  WHERE event IN ('create', 'split', 'return', 'merge', 'retire', 'erase')
) AS e
WHERE age = 1

-- step: replayed
SELECT kind, entity_id FROM last_event WHERE event IN ('create', 'split', 'return')

-- step: broken
SELECT 'entities the feed does not bring' AS what, d.kind
FROM (SELECT kind, entity_id FROM current_key EXCEPT ALL SELECT * FROM replayed) AS d
UNION ALL
SELECT 'entities the feed brings that are not published' AS what, d.kind
FROM (SELECT * FROM replayed EXCEPT ALL SELECT kind, entity_id FROM current_key) AS d
UNION ALL
SELECT 'numbers of the feed left out or given twice' AS what, CAST(NULL AS TEXT) AS kind
FROM (SELECT COUNT(*) AS events, COUNT(DISTINCT seq) AS numbers, MIN(seq) AS lowest, MAX(seq) AS highest FROM change) AS s
WHERE s.events > 0 AND (s.lowest <> 1 OR s.highest <> s.events OR s.numbers <> s.events)

-- step: door
SELECT what, kind AS source, COUNT(*) AS n, MIN(kind) AS example FROM broken GROUP BY what, kind ORDER BY what, kind NULLS FIRST
