-- Every landed record once, at its latest row, beside what is true of that row.
--   parameter (kind, night), truth (night, source, file_sha256, line, entity, names, grid): names is a number, of its list
--   record, quarantine, fact_grid, std_grid of the release; live (record_id, content_hash, number, path)
--   delivery (batch, source, position, says, last): those that passed; position null where it does not count
--   said (batch, line, record_id, content_hash): rows of the kind; kept (kind, record_id): of the last deliveries
--   waiting (source, batch, line): rows of deliveries that are held and not replaced; feeding (source)

-- step: told
SELECT d.position, d.last, s.batch, s.line, s.record_id, s.content_hash
FROM said AS s
INNER JOIN delivery AS d ON s.batch = d.batch
WHERE d.says = 1

-- step: spoilt
-- the latest row is in quarantine: that row counts, not the older version that is kept (a record has one source)
SELECT DISTINCT k.record_id
FROM kept AS k
INNER JOIN parameter AS p ON k.kind = p.kind
LEFT JOIN told AS t ON k.record_id = t.record_id AND t.last = 1
WHERE t.record_id IS NULL

-- step: standing
SELECT r.source, r.batch, r.line, r.record_id, r.entity_id, l.content_hash, l.number, l.path
FROM record AS r
INNER JOIN parameter AS p ON r.kind = p.kind
INNER JOIN live AS l ON r.record_id = l.record_id
LEFT JOIN spoilt AS s ON r.record_id = s.record_id
WHERE r.state = 'merged' AND s.record_id IS NULL

-- step: latest
-- at the row that said their version last: an unchanged repeat, where there is one, else its own
SELECT w.source, w.batch, w.line, w.record_id, w.entity_id, w.number, w.path
FROM (
  SELECT
    v.source, v.batch, v.line, v.record_id, v.entity_id, v.number, v.path,
    ROW_NUMBER() OVER (PARTITION BY v.record_id ORDER BY v.position DESC, v.line DESC) AS place
  FROM (
    SELECT s.source, s.batch, s.line, s.record_id, s.entity_id, s.number, s.path, -1 AS position
    FROM standing AS s
    UNION ALL
    SELECT s.source, t.batch, t.line, s.record_id, s.entity_id, s.number, s.path, t.position
    FROM standing AS s
    INNER JOIN told AS t ON s.record_id = t.record_id AND s.content_hash = t.content_hash
  ) AS v
) AS w
WHERE w.place = 1

-- step: finest
-- of the nodes that a row was the first to name, the finest: the truth of a row tells of its whole address
SELECT f.source, f.batch, f.line, f.record_id, f.entity_id, f.number
FROM (
  SELECT
    l.source, l.batch, l.line, l.record_id, l.entity_id, l.number,
    ROW_NUMBER() OVER (
      PARTITION BY l.batch, l.line, CASE WHEN l.path IS NULL THEN l.record_id END
      ORDER BY LENGTH(l.path) - LENGTH(REPLACE(l.path, '|', '')) DESC, l.path DESC
    ) AS place
  FROM latest AS l
) AS f
WHERE f.place = 1

-- step: counted
-- rows in quarantine, and rows that still wait, are entities of their own
SELECT f.source, f.batch, f.line, f.record_id, f.entity_id, f.number FROM finest AS f
UNION ALL
SELECT q.source, q.batch, q.line, NULL AS record_id, NULL AS entity_id, NULL AS number
FROM quarantine AS q
INNER JOIN feeding AS f ON q.source = f.source
WHERE q.state = 'open'
UNION ALL
SELECT w.source, w.batch, w.line, NULL AS record_id, NULL AS entity_id, NULL AS number
FROM waiting AS w
LEFT JOIN quarantine AS q ON w.batch = q.batch AND w.line = q.line
WHERE q.batch IS NULL

-- step: chain
-- a grid's code and those of the grids above it; there are four levels
SELECT a.grid_id, a.code AS one, b.code AS two, c.code AS three, d.code AS four
FROM std_grid AS a
LEFT JOIN std_grid AS b ON a.parent_id = b.grid_id
LEFT JOIN std_grid AS c ON b.parent_id = c.grid_id
LEFT JOIN std_grid AS d ON c.parent_id = d.grid_id

-- step: placed
SELECT f.id AS entity_id, c.one, c.two, c.three, c.four
FROM fact_grid AS f
INNER JOIN parameter AS p ON f.what = p.kind
INNER JOIN chain AS c ON f.grid_id = c.grid_id

-- step: true_row
-- an older night's truth names a grid of that night's cut: only the last night can be held against tonight's
SELECT
  w.source, w.file_sha256, w.line, w.entity, w.names,
  CASE WHEN w.night = w.newest AND w.grid <> '' THEN w.grid END AS grid
FROM (
  SELECT
    t.source, t.file_sha256, t.line, t.entity, t.names, t.night, t.grid, MAX(t.night) OVER () AS newest,
    ROW_NUMBER() OVER (PARTITION BY t.source, t.file_sha256, t.line ORDER BY t.night DESC, t.entity DESC) AS place
  FROM truth AS t
  INNER JOIN parameter AS p ON t.night <= p.night
) AS w
WHERE w.place = 1

-- step: row
SELECT
  c.record_id, c.entity_id, c.number, t.entity, t.names,
  CASE
    WHEN t.grid IS NULL THEN NULL
    WHEN t.grid IN (g.one, g.two, g.three, g.four) THEN 1
    ELSE 0
  END AS grid_right
FROM counted AS c
LEFT JOIN true_row AS t
  ON c.source = t.source AND c.line = t.line AND RIGHT(c.batch, 64) = t.file_sha256
LEFT JOIN placed AS g ON c.entity_id = g.entity_id
