-- Departments' business grids of before against tonight's: in which small (or exclusive) grid does each record stand
-- that names an old one? A record's own point speaks before its addresses; what is known to the village only stands in
-- none, and what stands beside a landmark may be across a border. Micro grids count for the small grid they lie in.
--   said (source, old_code, record_id), located (record_id, property, grid_id, method), std_grid

-- step: base
SELECT
  g.grid_id,
  CASE WHEN g.level = 'micro' AND g.type <> 'exclusive' AND g.parent_id IS NOT NULL THEN g.parent_id ELSE g.grid_id END
    AS base_id
FROM std_grid AS g
WHERE g.level IN ('small', 'micro') OR g.type = 'exclusive'

-- step: standing
SELECT
  l.record_id,
  b.base_id,
  ROW_NUMBER() OVER (
    PARTITION BY l.record_id ORDER BY CASE WHEN l.property = 'point' THEN 0 ELSE 1 END, l.property
  ) AS place
FROM located AS l
INNER JOIN base AS b ON l.grid_id = b.grid_id
WHERE l.method NOT IN ('village', 'landmark')

-- step: crosswalk
SELECT s.source, s.old_code, t.base_id AS grid_id, COUNT(*) AS records
FROM said AS s
LEFT JOIN standing AS t ON s.record_id = t.record_id AND t.place = 1
GROUP BY s.source, s.old_code, t.base_id
ORDER BY s.source, s.old_code, t.base_id NULLS LAST
