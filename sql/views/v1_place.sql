-- 落格关系: where every node lies in the current cut.
CREATE VIEW v1_place AS
SELECT
  place.node_kind,
  place.node_id,
  place.cut,
  place.grid_id,
  place.method,
  place.reason,
  place.known_from
FROM place_grid AS place
WHERE
  place.known_to IS NULL
  AND place.cut = (SELECT MAX(last.cut) FROM place_grid AS last WHERE last.known_to IS NULL)
